"""In which order a worker claims from its shards, and which of them it leaves out because they have nothing."""

import math
from collections.abc import Iterator

from redisched.engine.claiming.claimed_shard import ClaimedShard
from redisched.engine.worker_context import WorkerContext
from redisched.store.store import Store

LOOK_AGAIN_S = 0.02
"""While other shards have due tasks, a shard that had none is not asked again for so long. Tasks may wait as long in a
window.
"""
OFTEN = 16
"""While some shards have more due tasks, those that had none are asked again after LOOK_AGAIN_S. If a worker has more
shards than this, the time grows with their number, so that all of them together are asked no more often.
"""


class Turns:
    """The shards of a worker. They take turns to be the first; those that had no due task come last.

    While surveys report new tasks, `is_surveyed` is set, and the shards that had none are left out.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._shards: dict[Store, ClaimedShard] = {}
        """In the order of their turns."""
        self._open: dict[Store, ClaimedShard] = {}
        """Those of them that may have tasks, now or at a known moment."""
        self.is_surveyed = False

    def __iter__(self) -> Iterator[ClaimedShard]:
        return iter(self._shards.values())

    def __contains__(self, store: Store) -> bool:
        return store in self._shards

    def __getitem__(self, store: Store) -> ClaimedShard:
        return self._shards[store]

    @property
    def open_shards(self) -> list[ClaimedShard]:
        """The shards that may have tasks, now or at a known moment."""
        return list(self._open.values())

    def add(self, shard: ClaimedShard) -> None:
        """Add a shard. It may have tasks."""
        self._shards[shard.store] = self._open[shard.store] = shard

    def remove(self, store: Store) -> None:
        """Remove a shard."""
        del self._shards[store]
        self._open.pop(store, None)

    def take(self, shard: ClaimedShard) -> None:
        """Note that this shard has its turn: it goes to the end of the order, so that every shard gets its turn."""
        self._shards[shard.store] = self._shards.pop(shard.store)
        self._open.pop(shard.store, None)

    def note(self, shard: ClaimedShard) -> None:
        """Remember whether a shard may have tasks."""
        if shard.may_have_something:
            self._open.setdefault(shard.store, shard)
        else:
            self._open.pop(shard.store, None)

    def in_turn(self, news_after_s: float, horizon_ms: float) -> list[ClaimedShard]:
        """The shards to claim from, those that may have tasks first."""
        now_s = self._context.clock.monotonic()
        shards = self._open if self.is_surveyed else self._shards
        present = [shard for shard in shards.values() if shard.shard_backoff.remaining_s(now_s) == 0.0]
        lively: list[ClaimedShard] = []
        quiet: list[ClaimedShard] = []
        for shard in present:
            (quiet if shard.is_quiet(news_after_s, horizon_ms) else lively).append(shard)
        return lively if self.is_surveyed else lively + quiet

    def moments(self) -> tuple[float, float]:
        """Two limits for `is_quiet`: a shard with older news than the first is asked again, and so is one with a task
        that falls due before the second.
        """
        horizon_ms = self._context.server_now_ms() + self._context.worker_settings.window_ms
        if self.is_surveyed and not any(shard.leaves_due for shard in self._open.values()):
            return -math.inf, horizon_ms
        look_again_s = LOOK_AGAIN_S * max(1.0, len(self._shards) / OFTEN)
        return self._context.clock.monotonic() - look_again_s, horizon_ms
