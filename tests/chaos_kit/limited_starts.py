"""Histories of tasks that may not start from some moment on, or only once."""

from redisched.chaos.history.record import EnqueueStep, Record
from redisched.store.values import Status
from tests.chaos_kit.histories import end, enqueue, settled, start

RETRIED: list[Record] = [start("a", 3, 10), end("a", 3, 11), settled("a", 3, Status.RETRIED, 12, due_ms=50)]

ONCE: list[Record] = [enqueue("a"), start("a", 3, 10, starts_once=True)]

GOOD: dict[str, list[Record]] = {
    "a first start after the deadline": [enqueue("a", deadline_ms=10), start("a", 3, 9_000)],
    "a retry before the deadline": [enqueue("a", deadline_ms=60), *RETRIED, start("a", 55, 55, attempt=2)],
    "a first start before it expires": [enqueue("a", expires_ms=60), *RETRIED, start("a", 9_000, 9_000, attempt=2)],
    "a call whose time is not known": [enqueue("a", 0, EnqueueStep.INVOKED, expires_ms=60), start("a", 3, 9_000)],
    "a start of which only its end tells": [
        enqueue("a", expires_ms=60),
        settled("a", 3, Status.RECOVERED, 50, due_ms=50, had_started=True),
        start("a", 9_000, 9_000),
    ],
    "a task that may start only once is lost": [*ONCE, settled("a", 3, Status.NOT_AGAIN, 5_000)],
    "a task that may start only once is lost before it starts": [
        enqueue("a"),
        settled("a", 3, Status.NOT_AGAIN, 5_000),
    ],
}

BAD: list[tuple[str, str, list[Record], list[int]]] = [
    ("I13", "a second start", [*ONCE, start("a", 55, 55, starts_once=True)], [1, 2]),
    ("I21", "a retry after the deadline", [enqueue("a", deadline_ms=60), *RETRIED, start("a", 9_000, 9_000)], [0, 4]),
    (
        "I21",
        "a first start after it expired, under a second lease",
        [enqueue("a", expires_ms=60), settled("a", 3, Status.RECOVERED, 50, due_ms=50), start("a", 9_000, 9_000)],
        [0, 2],
    ),
    ("I21", "a first start after it expired", [enqueue("a", expires_ms=60), start("a", 9_000, 9_000)], [0, 1]),
]
