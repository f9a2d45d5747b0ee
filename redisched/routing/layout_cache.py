"""The layouts of queues as a process knows them: read at the first use of a queue, and again when they are some seconds
old.

A cached layout may be out of date. That does no harm: calls name the layout by which they chose a shard, and a shard
with another layout refuses them.
"""

from typing import NamedTuple

from redisched.layout import Layout

KEPT_S = 5.0


class _CachedLayout(NamedTuple):
    layout: Layout
    until_s: float


_ONE_SHARD = _CachedLayout(Layout(), 0.0)


class LayoutCache:
    """The layouts that one process has read. All moments are monotonic seconds."""

    def __init__(self) -> None:
        self._cached: dict[str, _CachedLayout] = {}

    def __contains__(self, queue: str) -> bool:
        return queue in self._cached

    def fresh(self, queue: str, now_s: float) -> Layout | None:
        """The cached layout of a queue; None if it is too old or was never read."""
        layout, until_s = self._cached.get(queue, _ONE_SHARD)
        return layout if now_s < until_s else None

    def last(self, queue: str) -> Layout:
        """The cached layout of a queue, however old; a layout of one shard if it was never read."""
        return self._cached.get(queue, _ONE_SHARD).layout

    def remember(self, queue: str, layout: Layout, now_s: float) -> None:
        """Cache a layout that was read at `now_s`, for KEPT_S seconds."""
        self._cached[queue] = _CachedLayout(layout, now_s + KEPT_S)
