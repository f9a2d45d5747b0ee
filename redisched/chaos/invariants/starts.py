"""Checks that a task does not start again that may not: after its deadline, or at all."""

from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Enqueue, Record, Start
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation


class _Starts(Invariant):
    """Keeps what producers said of their tasks, and the first start of each."""

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._limited: dict[Key, Enqueue] = {}
        self._again: list[tuple[Start, Start]] = []
        self._first: dict[Key, Start] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Enqueue: self._enqueue, Start: self._start}

    def _enqueue(self, record: Enqueue) -> Iterable[Violation]:
        if record.starts_once or record.deadline_ms is not None:
            self._limited.setdefault((record.queue, record.task), record)
        return ()

    def _start(self, record: Start) -> Iterable[Violation]:
        first = self._first.setdefault((record.queue, record.task), record)
        if first is not record:
            self._again.append((first, record))
        return ()


class NothingStartsTwiceAtMostOnce(_Starts):
    """I13: a task that may start only once starts at most once."""

    name = "I13"

    def finish(self) -> Iterator[Violation]:
        for first, start in self._again:
            enqueue = self._limited.get((start.queue, start.task))
            if enqueue is not None and enqueue.starts_once:
                yield self.violated("a task that may start only once started again", first, start)


class NothingIsRetriedTooLate(_Starts):
    """I21: no execution but the first begins after the deadline. A task that was leased just before it may start within
    `disorder_ms`.
    """

    name = "I21"

    def finish(self) -> Iterator[Violation]:
        for _, start in self._again:
            enqueue = self._limited.get((start.queue, start.task))
            if enqueue is None or enqueue.deadline_ms is None:
                continue
            if start.at_ms > enqueue.deadline_ms + self.tolerances.disorder_ms:
                yield self.violated("an execution began after the deadline", enqueue, start)
