"""The shard maps of queues as a process knows them: read at the first use of a queue, and again when they are some
seconds old.

A cached shard map may be out of date. That does no harm: calls name the shard map by which they chose a shard, and a
shard with another shard map refuses them.
"""

from typing import NamedTuple

from redisched.shard_map import ShardMap

KEPT_S = 5.0


class _CachedShardMap(NamedTuple):
    shard_map: ShardMap
    until_s: float


_ONE_SHARD = _CachedShardMap(ShardMap(), 0.0)


class ShardMapCache:
    """The shard maps that one process has read. All moments are monotonic seconds."""

    def __init__(self) -> None:
        self._cached: dict[str, _CachedShardMap] = {}

    def __contains__(self, queue: str) -> bool:
        return queue in self._cached

    def queues(self) -> tuple[str, ...]:
        """The queues whose shard maps were read."""
        return tuple(self._cached)

    def fresh(self, queue: str, now_s: float) -> ShardMap | None:
        """The cached shard map of a queue; None if it is too old or was never read."""
        shard_map, until_s = self._cached.get(queue, _ONE_SHARD)
        return shard_map if now_s < until_s else None

    def last(self, queue: str) -> ShardMap:
        """The cached shard map of a queue, however old; a shard map of one shard if it was never read."""
        return self._cached.get(queue, _ONE_SHARD).shard_map

    def remember(self, queue: str, shard_map: ShardMap, now_s: float) -> None:
        """Cache a shard map that was read at `now_s`, for KEPT_S seconds."""
        self._cached[queue] = _CachedShardMap(shard_map, now_s + KEPT_S)

    def forget(self, queue: str) -> None:
        """Take the queue for one that was never used."""
        self._cached.pop(queue, None)
