"""What a process takes for the layout of each queue: read at first use, and again after some seconds of use.

It may be out of date, and need not be more: whoever goes by it names it, and is told by the shard.
"""

from typing import NamedTuple

from redisched.layout import Layout

KEPT_S = 5.0


class _Belief(NamedTuple):
    layout: Layout
    until_s: float


_ONE_SHARD = _Belief(Layout(), 0.0)


class Layouts:
    """One process's beliefs; moments are monotonic seconds."""

    def __init__(self) -> None:
        self._beliefs: dict[str, _Belief] = {}

    def __contains__(self, queue: str) -> bool:
        return queue in self._beliefs

    def fresh(self, queue: str, now_s: float) -> Layout | None:
        """The layout of a queue, None if it has to be read."""
        layout, until_s = self._beliefs.get(queue, _ONE_SHARD)
        return layout if now_s < until_s else None

    def last(self, queue: str) -> Layout:
        """The layout of a queue as it was read last; of one that never was, that of most queues."""
        return self._beliefs.get(queue, _ONE_SHARD).layout

    def remember(self, queue: str, layout: Layout, now_s: float) -> None:
        """Take what was read for true, for a while."""
        self._beliefs[queue] = _Belief(layout, now_s + KEPT_S)
