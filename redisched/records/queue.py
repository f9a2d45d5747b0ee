"""A queue as a record."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from redisched.store.pausing import QueuePause
from redisched.store.repair import Repair
from redisched.store.stages import QueueStages
from redisched.store.view import QueueCounts, total


def queue_record(
    of_shards: Sequence[QueueCounts], stages: QueueStages, repairs: Mapping[Repair, int]
) -> dict[str, Any]:
    """Return the counts of a queue, given those of its shards, their number, and what the scrubber has repaired."""
    return {**asdict(total(of_shards)), **asdict(stages), "shards": len(of_shards), "repairs": dict(repairs)}


def pause_record(pauses: Sequence[QueuePause | None], key: str = "paused") -> dict[str, object]:
    """Return since_ms, until_ms and by under a key, None if no shard is paused."""
    found = next(filter(None, pauses), None)
    return {key: None if found is None else asdict(found)}
