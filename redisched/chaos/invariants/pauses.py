"""Checks that nothing is claimed from a paused queue."""

import math
from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Claimed, Paused, Record, Resumed
from redisched.chaos.invariants.invariant import Invariant, Listener, Tolerances, Violation


class NothingIsClaimedFromAPausedQueue(Invariant):
    """I22: from `disorder_ms` after the last shard of a queue was paused until `disorder_ms` before a shard is resumed,
    or the pause ends by itself, no claim leases a task of it.

    A resumed shard wakes workers at once, so the record of that may come after those of their claims.
    """

    name = "I22"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._pauses: dict[str, Paused] = {}
        self._first_claims: dict[str, Claimed] = {}
        """The first claim of each paused queue."""

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Paused: self._paused, Resumed: self._ended, Claimed: self._claimed}

    def finish(self) -> Iterator[Violation]:
        for queue in list(self._first_claims):
            yield from self._judged(queue, math.inf)

    def _paused(self, record: Paused) -> Iterable[Violation]:
        yield from self._judged(record.queue, math.inf)
        self._pauses[record.queue] = record

    def _ended(self, record: Resumed) -> Iterable[Violation]:
        yield from self._judged(record.queue, record.at_ms)
        self._pauses.pop(record.queue, None)

    def _claimed(self, record: Claimed) -> Iterable[Violation]:
        pause = self._pauses.get(record.queue)
        if pause is not None and record.at_ms > pause.at_ms + self.tolerances.disorder_ms:
            self._first_claims.setdefault(record.queue, record)
        return ()

    def _judged(self, queue: str, resumed_ms: float) -> Iterator[Violation]:
        """The first claim of a queue since it was paused, if it came before the end of the pause."""
        claim, pause = self._first_claims.pop(queue, None), self._pauses.get(queue)
        if claim is None or pause is None:
            return
        until_ms = resumed_ms if pause.until_ms is None else min(resumed_ms, pause.until_ms)
        if claim.at_ms < until_ms - self.tolerances.disorder_ms:
            yield self.violated("a task was claimed from a paused queue", pause, claim)
