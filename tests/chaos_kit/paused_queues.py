"""Histories of queues that are paused and resumed."""

from redisched.chaos.history.record import Paused, Record, Resumed
from tests.chaos_kit.histories import QUEUE, life


def paused(at_ms: float, until_ms: int | None = None) -> Record:
    return Paused(at_ms=at_ms, queue=QUEUE, until_ms=until_ms)


def resumed(at_ms: float) -> Record:
    return Resumed(at_ms=at_ms, queue=QUEUE)


GOOD: dict[str, list[Record]] = {
    "a task runs once its queue is resumed": [paused(0), resumed(8_000), *life("a", 9_000)],
    "a task runs once the pause is over": [paused(0, 8_000), *life("a", 9_000)],
    "a task that is claimed while its queue is paused, by clocks that differ": [paused(9_000), *life("a", 9_100)],
    "a claim is written down before its queue was resumed": [
        paused(0),
        *life("a", 9_000),
        resumed(9_500),
    ],
    "another queue is paused": [Paused(at_ms=0, queue="other", until_ms=None), *life("a", 9_000)],
}

BAD: list[tuple[str, str, list[Record], list[int]]] = [
    ("I22", "a claim of a paused queue", [paused(0), *life("a", 9_000)], [0, 4]),
    ("I22", "a claim before a pause is over", [paused(0, 20_000), *life("a", 9_000)], [0, 4]),
    ("I22", "a claim of a queue that is resumed later", [paused(0), *life("a", 9_000), resumed(20_000)], [0, 4]),
    ("I22", "a claim of a queue that is paused again", [paused(0), resumed(1), paused(2), *life("a", 9_000)], [2, 6]),
]
