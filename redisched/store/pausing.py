"""Pausing and resuming a queue, also while it gets more shards.

Every shard has a flag of its own, as a claim sees one shard only. The first shard decides, and the others follow it:
whoever pauses or resumes the queue, or adds shards to it, makes all shards like the first one, and looks afterwards
whether the first one is still the same. So shards are alike once all such calls have returned, in whatever order they
came.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from redisched.shard_map import ShardMap
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.shard import ShardScripts
from redisched.store.store import Store
from redisched.store.values import Status

_STORED = re.compile(rb"(\d{1,16}) (\d{1,16}) (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePause:
    """Since when a queue is paused, until when, and by whom. Times are the server's, in milliseconds; `until_ms` None
    means until somebody resumes it.
    """

    since_ms: int
    until_ms: int | None
    by: str

    @classmethod
    def read(cls, stored: bytes | None) -> Self | None:
        """The pause that a shard has stored; None if there is none, or another program has written something else."""
        found = _STORED.fullmatch(stored or b"")
        if found is None:
            return None
        since, until, by = found.groups()
        return cls(since_ms=int(since), until_ms=int(until) or None, by=by.decode(errors="replace"))

    def stored(self) -> str:
        """The pause as it is stored."""
        return f"{self.since_ms} {self.until_ms or 0} {self.by}"

    def is_over(self, now_ms: int) -> bool:
        """Whether it has ended by itself."""
        return self.until_ms is not None and self.until_ms <= now_ms


def pause(script_runner: ScriptRunner, queue: str, wanted: QueuePause) -> Operation[None]:
    """Pause a queue: on return claims lease nothing in any of its shards, nor in shards that are added later."""
    yield from pause_shard(script_runner, queue, 0, wanted)
    yield from follow_first_shard(script_runner, queue)


def resume(script_runner: ScriptRunner, queue: str) -> Operation[None]:
    """End the pause of a queue, if there is one: on return claims lease tasks in all shards, and workers are woken."""
    yield from resume_shard(script_runner, queue, 0)
    yield from follow_first_shard(script_runner, queue)


def follow_first_shard(script_runner: ScriptRunner, queue: str) -> Operation[None]:
    """Pause or resume all other shards, as the first one is. Raises ShardMapDamaged."""
    while True:
        first = yield from _first(script_runner, queue)
        yield from set_shards(script_runner, queue, range(1, first[1].shards), first[0])
        if (yield from _first(script_runner, queue)) == first:
            return


def set_shards(
    script_runner: ScriptRunner, queue: str, shards: Iterable[int], wanted: QueuePause | None
) -> Operation[None]:
    """Pause some shards of a queue; None resumes them."""
    for shard in shards:
        if wanted is None:
            yield from resume_shard(script_runner, queue, shard)
        else:
            yield from pause_shard(script_runner, queue, shard, wanted)


def pause_shard(script_runner: ScriptRunner, queue: str, shard: int, wanted: QueuePause) -> Operation[Status]:
    """Keep claims from leasing tasks of a shard: PAUSED."""
    (status,) = yield from ShardScripts(script_runner, queue, shard).settle("pause", {"pause": wanted.stored()})
    return status


def resume_shard(script_runner: ScriptRunner, queue: str, shard: int) -> Operation[Status]:
    """Let claims lease tasks of a shard again, and wake a worker: RESUMED, or ALREADY if it was not paused."""
    (status,) = yield from ShardScripts(script_runner, queue, shard).settle("resume")
    return status


def stored_pause(script_runner: ScriptRunner, queue: str, shard: int = 0) -> Operation[QueuePause | None]:
    """The pause that a shard has stored, which may be over."""
    return QueuePause.read((yield ("GET", script_runner.keys_of(queue, shard).paused)))


def _first(script_runner: ScriptRunner, queue: str) -> Operation[tuple[QueuePause | None, ShardMap]]:
    """The pause of the first shard, and the shard map of the queue."""
    pause = yield from stored_pause(script_runner, queue)
    return pause, (yield from Store(script_runner, queue).shard_map())
