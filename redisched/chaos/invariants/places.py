"""Checks after a run that every accepted task is in exactly one state, with all its data."""

from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Enqueue, EnqueueStep, FinalPlaces, Found, Record, Slot, Start
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation

_WHOLE = frozenset({("tasks", "waiting"), ("held", "leases", "tasks"), ("dead", "tasks"), ("finished", "outcomes")})
"""The allowed sets of keys that contain a task: for one that waits, is leased, is dead, or has ended in another way."""


class _Places(Invariant):
    """Stores the enqueues and final places of tasks, for the two invariants below."""

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._enqueued: dict[Key, Enqueue] = {}
        self._found: dict[Key, Found] = {}
        self._final_places: dict[str, FinalPlaces] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Enqueue: self._enqueue, Found: self._find, FinalPlaces: self._note_final_places}

    def _enqueue(self, record: Enqueue) -> Iterable[Violation]:
        """Keep the strongest report on an enqueue: a later attempt does not undo an acknowledgement."""
        key = (record.queue, record.task)
        known = self._enqueued.get(key)
        if known is None or known.step is not EnqueueStep.OK:
            self._enqueued[key] = record
        return ()

    def _find(self, record: Found) -> Iterable[Violation]:
        self._found[record.queue, record.task] = record
        return ()

    def _note_final_places(self, record: FinalPlaces) -> Iterable[Violation]:
        self._final_places[record.queue] = record
        return ()


class TasksAreConserved(_Places):
    """I11: the waiting, leased, ended and dead tasks together are all the created tasks, each in exactly one state."""

    name = "I11"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._of_slots: dict[Key, Slot] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {**super().listeners(), Slot: self._slot}

    def _slot(self, record: Slot) -> Iterable[Violation]:
        if record.task:
            self._of_slots[record.queue, record.task] = record
        return ()

    def _find(self, record: Found) -> Iterator[Violation]:
        known = self._found.get((record.queue, record.task))
        if known is not None:
            yield self.violated("a task is in two shards", known, record)
        yield from super()._find(record)

    def finish(self) -> Iterator[Violation]:
        for key, enqueue in self._enqueued.items():
            final_places = self._final_places.get(enqueue.queue)
            if final_places is not None and enqueue.step is EnqueueStep.OK and key not in self._found:
                yield self.violated("an acknowledged task is nowhere", enqueue, final_places)
        for key, found in self._found.items():
            enqueue_or_slot = self._enqueued.get(key) or self._of_slots.get(key)
            if enqueue_or_slot is None:
                yield self.violated("a task is there that nobody enqueued", found)
            elif _is_certain(enqueue_or_slot) and found.places not in _WHOLE:
                yield self.violated("a task is in two places, or a part of it is missing", enqueue_or_slot, found)


def _is_certain(record: Enqueue | Slot) -> bool:
    return isinstance(record, Slot) or record.step is EnqueueStep.OK


class UnknownEnqueuesAreWhole(_Places):
    """I12: a task whose enqueue has an unknown result is stored completely or not at all."""

    name = "I12"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._started: dict[Key, Start] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {**super().listeners(), Start: self._start}

    def finish(self) -> Iterator[Violation]:
        for key, enqueue in self._enqueued.items():
            if enqueue.step in (EnqueueStep.INVOKED, EnqueueStep.UNKNOWN) and enqueue.queue in self._final_places:
                found, start = self._found.get(key), self._started.get(key)
                if found is not None and found.places not in _WHOLE:
                    yield self.violated("an unanswered enqueue is half there", enqueue, found)
                elif found is None and start is not None:
                    yield self.violated("an unanswered enqueue was executed and has vanished", enqueue, start)

    def _start(self, record: Start) -> Iterable[Violation]:
        self._started.setdefault((record.queue, record.task), record)
        return ()
