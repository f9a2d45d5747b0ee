"""Schedules as a plain dict: what the scripts that change and fire them must do."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from redisched.model import run_at_of
from redisched.store.schedule_values import (
    NOBODY,
    Declarer,
    NewSchedule,
    OverlapRule,
    Resumption,
    ScheduleRemoval,
    ScheduleState,
    ScheduleStatus,
    SlotFiring,
)
from tests.chaos.model import Model
from tests.chaos.model_task import Place, Task
from tests.lua.situation import Situation, together


@dataclass(slots=True)
class Scheduled:
    """One schedule. `ahead` are slot, time and id of the tasks enqueued before their time."""

    version: str
    state: ScheduleState
    slot_ms: int | None
    last: str = "-"
    ahead: list[tuple[int, int, str]] = field(default_factory=list)

    def go_on(self, slot: int | str) -> None:
        """The next slot is this one; without one it is over."""
        self.slot_ms = None if slot == "" else int(slot)
        self.state = ScheduleState.OVER if slot == "" else ScheduleState.ACTIVE

    def situation(self, name: str) -> Situation:
        ahead = "".join(f" {slot_ms} {run_at_ms} {id}" for slot_ms, run_at_ms, id in self.ahead)
        stored: Situation = {
            "schedules": {name: "definition"},
            "fired": {name: f"{self.version} {self.state} {self.last}{ahead}"},
        }
        return stored if self.slot_ms is None else together(stored, {"firing": {name: self.slot_ms}})


@dataclass(slots=True)
class ScheduleModel(Model):
    """A queue with schedules."""

    schedules: dict[str, Scheduled] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)

    def situation(self) -> Situation:
        whole = Model.situation(self)
        declared: Situation = {"declared": dict(self.declared)} if self.declared else {}
        return together(whole, declared, *(one.situation(name) for name, one in self.schedules.items()))

    def fire(self, slots: Sequence[SlotFiring]) -> list[ScheduleStatus]:
        return [self._fire(slot) for slot in slots]

    def _fire(self, slot: SlotFiring) -> ScheduleStatus:
        known = self.schedules.get(slot.name)
        if known is None or (known.version, known.slot_ms) != (slot.version, slot.slot_ms):
            return ScheduleStatus.MOVED
        before = self.tasks.get(known.last)
        status = ScheduleStatus.FIRED
        if slot.overlap is OverlapRule.SKIP and slot.slot_ms > self.now_ms:
            return ScheduleStatus.NOT_DUE
        if slot.overlap is OverlapRule.PASS or (
            slot.overlap is OverlapRule.SKIP and before is not None and before.place in (Place.WAITING, Place.LEASED)
        ):
            status = ScheduleStatus.SKIPPED
        elif slot.id in self.tasks:
            status = ScheduleStatus.EXISTS
        else:
            self.tasks[slot.id] = Task(slot.id, slot.record.decode(), slot.priority, slot.run_at_ms)
            self.awake = True
        known.ahead = [one for one in known.ahead if one[1] > self.now_ms]
        if status is not ScheduleStatus.SKIPPED:
            known.last = slot.id
            if slot.run_at_ms > self.now_ms:
                known.ahead.append((slot.slot_ms, slot.run_at_ms, slot.id))
        known.go_on(slot.following)
        return status

    def set_schedule(self, new: NewSchedule, declarer: Declarer = NOBODY) -> list[ScheduleStatus]:
        if self._is_superseded(declarer):
            return [ScheduleStatus.SUPERSEDED]
        known = self.schedules.get(new.name)
        if known is not None and known.version == new.version:
            return [ScheduleStatus.STORED]
        if known is None and new.basis:
            return [ScheduleStatus.UNKNOWN]
        if known is not None and known.version != new.basis:
            return [ScheduleStatus.CHANGED if new.basis else ScheduleStatus.EXISTS]
        changed = self.schedules[new.name] = Scheduled(new.version, ScheduleState.PAUSED, None)
        if known is None or known.state is not ScheduleState.PAUSED:
            changed.go_on(new.slot)
        if known is not None:
            self._withdraw([one for one in known.ahead if one[0] > self.now_ms])
            changed.last = known.last
            changed.ahead = [one for one in known.ahead if one[0] <= self.now_ms < one[1]]
        return [ScheduleStatus.STORED]

    def pause_schedule(self, name: str) -> list[ScheduleStatus]:
        known = self.schedules.get(name)
        if known is None:
            return [ScheduleStatus.UNKNOWN]
        if known.state is ScheduleState.PAUSED:
            return [ScheduleStatus.ALREADY]
        self._withdraw(known.ahead)
        known.state, known.slot_ms, known.ahead = ScheduleState.PAUSED, None, []
        return [ScheduleStatus.PAUSED]

    def resume_schedule(self, resumption: Resumption) -> list[ScheduleStatus]:
        known = self.schedules.get(resumption.name)
        if known is None:
            return [ScheduleStatus.UNKNOWN]
        if known.state is not ScheduleState.PAUSED:
            return [ScheduleStatus.ALREADY]
        if known.version != resumption.version:
            return [ScheduleStatus.CHANGED]
        known.go_on(resumption.slot)
        return [ScheduleStatus.RESUMED]

    def remove_schedule(self, removal: ScheduleRemoval, declarer: Declarer = NOBODY) -> list[ScheduleStatus]:
        if self._is_superseded(declarer):
            return [ScheduleStatus.SUPERSEDED]
        known = self.schedules.get(removal.name)
        if known is None:
            return [ScheduleStatus.UNKNOWN]
        if removal.basis not in ("", known.version):
            return [ScheduleStatus.CHANGED]
        self._withdraw(known.ahead)
        del self.schedules[removal.name]
        return [ScheduleStatus.REMOVED]

    def _is_superseded(self, declarer: Declarer) -> bool:
        if not declarer.application:
            return False
        if int(self.declared.get(declarer.application, "0")) > int(declarer.epoch):
            return True
        self.declared[declarer.application] = declarer.epoch
        return False

    def _withdraw(self, ahead: Sequence[tuple[int, int, str]]) -> None:
        for _, run_at_ms, id in ahead:
            task = self.tasks.get(id)
            is_ahead = task is not None and task.place is Place.WAITING and run_at_of(task.score) == run_at_ms
            if run_at_ms > self.now_ms and is_ahead:
                del self.tasks[id]
