"""Checks that every acknowledged task is executed, and that no other task is."""

from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Enqueue, EnqueueStep, Found, Record, Settled, Slot, SlotState, Start
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation
from redisched.model import TaskState
from redisched.store.values import Status

FOUND_OTHERWISE = frozenset({TaskState.DEAD, TaskState.CANCELLED, TaskState.LOST, TaskState.EXPIRED})
ENDED_OTHERWISE = frozenset({Status.CANCELLED, Status.BURIED, Status.QUARANTINED, Status.NOT_AGAIN})


class EveryTaskIsExecuted(Invariant):
    """I1: a task whose enqueue was acknowledged is executed at least once, or ends dead, cancelled or expired."""

    name = "I1"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._awaited: dict[Key, Enqueue] = {}
        self._executed: set[Key] = set()

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Enqueue: self._enqueue, Start: self._end, Settled: self._settled, Found: self._find}

    def finish(self) -> Iterator[Violation]:
        for enqueue in self._awaited.values():
            yield self.violated("an acknowledged task was never executed", enqueue)

    def _enqueue(self, record: Enqueue) -> Iterable[Violation]:
        key = (record.queue, record.task)
        if record.step is EnqueueStep.OK and key not in self._executed:
            self._awaited[key] = record
        return ()

    def _settled(self, record: Settled) -> Iterable[Violation]:
        return self._end(record) if record.status in ENDED_OTHERWISE else ()

    def _find(self, record: Found) -> Iterable[Violation]:
        return self._end(record) if record.ended in FOUND_OTHERWISE else ()

    def _end(self, record: Start | Settled | Found) -> Iterable[Violation]:
        key = (record.queue, record.task)
        self._executed.add(key)
        self._awaited.pop(key, None)
        return ()


class NothingElseIsExecuted(Invariant):
    """I2: only tasks are executed that a producer tried to enqueue, or that are those of fired slots."""

    name = "I2"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._invoked: set[Key] = set()
        self._unknown: dict[Key, Start] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Enqueue: self._enqueue, Slot: self._slot, Start: self._start}

    def finish(self) -> Iterator[Violation]:
        for start in self._unknown.values():
            yield self.violated("a task was executed that nobody enqueued", start)

    def _slot(self, record: Slot) -> Iterable[Violation]:
        return self._enqueue(record) if record.state is SlotState.FIRED else ()

    def _enqueue(self, record: Enqueue | Slot) -> Iterable[Violation]:
        key = (record.queue, record.task)
        self._invoked.add(key)
        self._unknown.pop(key, None)
        return ()

    def _start(self, record: Start) -> Iterable[Violation]:
        key = (record.queue, record.task)
        if key not in self._invoked:
            self._unknown.setdefault(key, record)
        return ()
