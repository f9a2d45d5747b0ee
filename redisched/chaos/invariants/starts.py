"""Checks that a task does not start that may not: not at all again, or not from some moment on."""

from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Enqueue, EnqueueStep, Record, Settled, Start
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation


class NothingStartsTwiceAtMostOnce(Invariant):
    """I13: a task that may start only once starts at most once."""

    name = "I13"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._first: dict[Key, Start] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Start: self._start}

    def _start(self, record: Start) -> Iterable[Violation]:
        if record.starts_once:
            first = self._first.setdefault((record.queue, record.task), record)
            if first is not record:
                yield self.violated("a task that may start only once started again", first, record)


class NothingStartsTooLate(Invariant):
    """I21: no first execution begins after the task has expired, and no other after its deadline. A task that was
    leased just before may start within `disorder_ms`.

    A process that is killed between the start of a handler and its record leaves no record. What takes the task back
    then says that it had started, so the next execution is not its first.
    """

    name = "I21"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._limited: dict[Key, Enqueue] = {}
        self._starts: dict[Key, dict[int, Start | None]] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Enqueue: self._enqueue, Start: self._start, Settled: self._settled}

    def finish(self) -> Iterator[Violation]:
        for key, enqueue in self._limited.items():
            for number, (_, start) in enumerate(sorted(self._starts.get(key, {}).items())):
                limit_ms = enqueue.deadline_ms if number else enqueue.expires_ms
                if start and limit_ms is not None and start.at_ms > limit_ms + self.tolerances.disorder_ms:
                    late = "an execution began after the deadline" if number else "a task started after it had expired"
                    yield self.violated(late, enqueue, start)

    def _enqueue(self, record: Enqueue) -> Iterable[Violation]:
        # Before the acknowledgement it is not known from when on a delay counts.
        if record.step is EnqueueStep.OK and (record.expires_ms, record.deadline_ms) != (None, None):
            self._limited.setdefault((record.queue, record.task), record)
        return ()

    def _start(self, record: Start) -> Iterable[Violation]:
        self._starts.setdefault((record.queue, record.task), {})[record.fence] = record
        return ()

    def _settled(self, record: Settled) -> Iterable[Violation]:
        if record.had_started and record.fence is not None:
            self._starts.setdefault((record.queue, record.task), {}).setdefault(record.fence, None)
        return ()
