"""Checks that nothing is claimed from a paused queue."""

from collections.abc import Iterable, Mapping

from redisched.chaos.history.record import Claimed, Paused, Record, Resumed
from redisched.chaos.invariants.invariant import Invariant, Listener, Tolerances, Violation


class NothingIsClaimedFromAPausedQueue(Invariant):
    """I22: from `disorder_ms` after the last shard of a queue was paused, no claim leases a task of it, until a shard
    is resumed or the pause ends by itself.
    """

    name = "I22"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._pauses: dict[str, Paused] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Paused: self._paused, Resumed: self._resumed, Claimed: self._claimed}

    def _paused(self, record: Paused) -> Iterable[Violation]:
        self._pauses[record.queue] = record
        return ()

    def _resumed(self, record: Resumed) -> Iterable[Violation]:
        self._pauses.pop(record.queue, None)
        return ()

    def _claimed(self, record: Claimed) -> Iterable[Violation]:
        pause = self._pauses.get(record.queue)
        if pause is None or record.at_ms <= pause.at_ms + self.tolerances.disorder_ms:
            return
        if pause.until_ms is None or record.at_ms < pause.until_ms:
            yield self.violated("a task was claimed from a paused queue", pause, record)
