"""Histories of tasks with unique keys."""

from redisched.chaos.history.record import Record
from redisched.store.values import Status
from tests.chaos_kit.histories import end, enqueue, settled, start

ONE: list[Record] = [
    enqueue("a", unique_key="k"),
    enqueue("b", unique_key="k"),
    start("a", 3, 10),
    settled("a", 3, Status.RECOVERED, 20, due_ms=20),
]

GOOD: dict[str, list[Record]] = {
    "tasks with one key run one after the other": [
        *ONE,
        start("a", 30, 30),
        end("a", 30, 40),
        settled("a", 30, Status.ACKED, 41),
        start("b", 50, 50),
    ],
    "tasks with different keys run at the same time": [
        enqueue("a", unique_key="k"),
        enqueue("b", unique_key="l"),
        start("a", 3, 10),
        start("b", 4, 11),
        end("a", 3, 9_000),
    ],
}

BAD: list[tuple[str, str, list[Record], list[int]]] = [
    (
        "I18",
        "another task with the key starts between two attempts",
        [*ONE, start("b", 1_000, 1_000), end("b", 1_000, 1_010), start("a", 9_000, 9_000)],
        [6, 4],
    ),
]
