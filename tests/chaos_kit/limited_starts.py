"""Histories of tasks that may not start again: after a deadline, or at all."""

from redisched.chaos.history.record import Record
from redisched.store.values import Status
from tests.chaos_kit.histories import end, enqueue, settled, start

RETRIED: list[Record] = [start("a", 3, 10), end("a", 3, 11), settled("a", 3, Status.RETRIED, 12, due_ms=50)]

GOOD: dict[str, list[Record]] = {
    "a first start after the deadline": [enqueue("a", deadline_ms=10), start("a", 3, 9_000)],
    "a retry before the deadline": [enqueue("a", deadline_ms=60), *RETRIED, start("a", 55, 55, attempt=2)],
    "a task that may start only once is lost": [
        enqueue("a", starts_once=True),
        start("a", 3, 10),
        settled("a", 3, Status.NOT_AGAIN, 5_000),
    ],
    "a task that may start only once is lost before it starts": [
        enqueue("a", starts_once=True),
        settled("a", 3, Status.NOT_AGAIN, 5_000),
    ],
}

BAD: list[tuple[str, str, list[Record], list[int]]] = [
    ("I13", "a second start", [enqueue("a", starts_once=True), *RETRIED, start("a", 55, 55)], [1, 4]),
    ("I21", "a retry after the deadline", [enqueue("a", deadline_ms=60), *RETRIED, start("a", 9_000, 9_000)], [0, 4]),
]
