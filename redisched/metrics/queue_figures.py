"""Reads what the metrics of a queue are made of."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from redisched.store.inspect import Inspector
from redisched.store.operation import Operation
from redisched.store.repair import Repair
from redisched.store.view import QueueCounts, total


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """A queue with all of its shards at one moment."""

    counts: QueueCounts
    is_paused: bool
    shards: int
    repairs: Mapping[Repair, int]


def read_queue(inspector: Inspector) -> Operation[QueueFigures]:
    """Read a queue. Raises ShardMapDamaged, and what Redis refuses."""
    shards = yield from inspector.shards()
    counts: list[QueueCounts] = []
    repairs: Counter[Repair] = Counter()
    for shard in shards:
        counts += [(yield from shard.counts())]
        repairs.update((yield from shard.repairs()))
    is_paused = (yield from inspector.pause()) is not None
    return QueueFigures(counts=total(counts), is_paused=is_paused, shards=len(shards), repairs=repairs)
