"""Checks that every slot of a schedule is enqueued once and starts, or is left out because a policy says so."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from redisched.chaos.history.record import (
    Found,
    Record,
    Rescheduled,
    ScheduleChange,
    Settled,
    Slot,
    SlotState,
    Start,
)
from redisched.chaos.invariants.executions import ENDED_OTHERWISE, FOUND_OTHERWISE
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation

_Slot: TypeAlias = tuple[str, str, int]
"""Queue, schedule and moment."""


class EverySlotFiresOnce(Invariant):
    """I10: a slot is enqueued once, and its task starts or is ended by somebody, unless a change, a pause or a removal
    of its schedule took it back before its time, by `disorder_ms`. A slot is skipped only if a policy says so. No
    application changes or removes a schedule of another one.
    """

    name = "I10"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._due: dict[_Slot, Slot] = {}
        self._fired: dict[_Slot, Slot] = {}
        self._may_be_taken_back: set[_Slot] = set()
        self._skipped: set[_Slot] = set()
        self._ended: set[Key] = set()
        self._ahead: dict[tuple[str, str], dict[_Slot, Slot]] = {}
        self._owners: dict[tuple[str, str], Rescheduled] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {
            Slot: self._slot,
            Rescheduled: self._rescheduled,
            Start: self._end,
            Settled: self._settled,
            Found: self._find,
        }

    def finish(self) -> Iterator[Violation]:
        for slot, due in self._due.items():
            if slot not in self._fired and slot not in self._skipped:
                yield self.violated("a slot is missing", due)
        for slot, fired in self._fired.items():
            has_ended = (fired.queue, fired.task) in self._ended
            if fired.task and not has_ended and slot not in self._may_be_taken_back:
                yield self.violated("the task of a slot did not start", fired)

    def _slot(self, record: Slot) -> Iterable[Violation]:
        slot = (record.queue, record.schedule, record.slot_ms)
        if record.state is SlotState.DUE:
            self._due.setdefault(slot, record)
        elif record.state is SlotState.SKIPPED:
            self._skipped.add(slot)
        else:
            first = self._fired.get(slot)
            if first is not None and slot not in self._may_be_taken_back:
                yield self.violated("a slot fired twice", first, record)
            self._fired[slot] = record
            self._may_be_taken_back.discard(slot)
            latest_ms = record.at_ms - self.tolerances.disorder_ms
            ahead = self._ahead.get(slot[:2], {}).items()
            self._ahead[slot[:2]] = {slot: record, **{other: one for other, one in ahead if one.due_ms > latest_ms}}

    def _rescheduled(self, record: Rescheduled) -> Iterable[Violation]:
        schedule = (record.queue, record.schedule)
        for slot, fired in self._ahead.pop(schedule, {}).items():
            if fired.due_ms > record.at_ms - self.tolerances.disorder_ms:
                self._may_be_taken_back.add(slot)
        owner = self._owners.get(schedule)
        if record.application and owner is not None and owner.application != record.application:
            yield self.violated("an application touched a schedule of another one", owner, record)
        if record.change is ScheduleChange.REMOVED:
            self._owners.pop(schedule, None)
        elif record.change is ScheduleChange.SET:
            self._owners.setdefault(schedule, record)

    def _settled(self, record: Settled) -> Iterable[Violation]:
        return self._end(record) if record.status in ENDED_OTHERWISE else ()

    def _find(self, record: Found) -> Iterable[Violation]:
        return self._end(record) if record.ended in FOUND_OTHERWISE else ()

    def _end(self, record: Start | Settled | Found) -> Iterable[Violation]:
        self._ended.add((record.queue, record.task))
        return ()
