"""Checks that no task starts early, and that two executions of a task overlap only after a lease was lost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Claimed, End, Enqueue, Record, Settled, Start, Unanswered
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation
from redisched.store.values import Status


class NothingStartsEarly(Invariant):
    """I5: by the server's clock, no task starts before the time its producer set, nor before its due time."""

    name = "I5"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._enqueued: dict[Key, Enqueue] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Enqueue: self._enqueue, Start: self._start}

    def _enqueue(self, record: Enqueue) -> Iterable[Violation]:
        # A task that is sent again with the same id keeps the due time of the first call.
        self._enqueued.setdefault((record.queue, record.task), record)
        return ()

    def _start(self, record: Start) -> Iterable[Violation]:
        latest_ms = record.at_ms + self.tolerances.early_ms
        if latest_ms < record.run_at_ms:
            yield self.violated("a task was started before the time it waited for", record)
        enqueue = self._enqueued.get((record.queue, record.task))
        if enqueue is not None and latest_ms < enqueue.not_before_ms:
            yield self.violated("a task was started before the time its producer said", enqueue, record)


class NoLiveExecutionIsOverlapped(Invariant):
    """I6: an execution may begin while another one of the same task runs only if the lease of the other has ended.

    Without a ReplyObserver, a history has no records of leases. Then a greater token counts as proof that the earlier
    lease ended. The same holds if a script was called meanwhile and its reply was not observed.
    """

    name = "I6"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._running: dict[Key, list[Start]] = defaultdict(list)
        self._overlaps: list[tuple[Start, Start]] = []
        self._over_ms: dict[tuple[Key, int], float] = {}
        self._unanswered_ms: dict[str, list[float]] = defaultdict(list)
        self._has_replies = False

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {
            Start: self._start,
            End: self._end,
            Claimed: self._claim,
            Settled: self._settled,
            Unanswered: self._unanswered,
        }

    def finish(self) -> Iterator[Violation]:
        for first, second in self._overlaps:
            if not self._was_over(first, second):
                yield self.violated("an execution was begun while another one held its lease", first, second)

    def _start(self, record: Start) -> Iterable[Violation]:
        running = self._running[record.queue, record.task]
        self._overlaps += [(first, record) for first in running]
        running.append(record)
        return ()

    def _end(self, record: End) -> Iterable[Violation]:
        key = (record.queue, record.task)
        left = [start for start in self._running[key] if start.fence != record.fence]
        self._running[key] = left
        if not left:
            del self._running[key]
        return ()

    def _claim(self, _: Claimed) -> Iterable[Violation]:
        self._has_replies = True
        return ()

    def _settled(self, record: Settled) -> Iterable[Violation]:
        self._has_replies = True
        if record.fence is not None and record.status is not Status.ACKED:
            self._over_ms.setdefault(((record.queue, record.task), record.fence), record.at_ms)
        return ()

    def _unanswered(self, record: Unanswered) -> Iterable[Violation]:
        self._unanswered_ms[record.queue].append(record.at_ms)
        return ()

    def _was_over(self, first: Start, second: Start) -> bool:
        latest_ms = second.at_ms + self.tolerances.disorder_ms
        over_ms = self._over_ms.get(((first.queue, first.task), first.fence))
        if over_ms is not None:
            return over_ms <= latest_ms
        unseen = any(first.at_ms <= at_ms <= latest_ms for at_ms in self._unanswered_ms[first.queue])
        return (unseen or not self._has_replies) and second.fence > first.fence
