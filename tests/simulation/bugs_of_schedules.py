"""Bugs planted in schedules, each only during its own test, and the promises that they must be caught by."""

from collections.abc import Mapping, Sequence

import pytest

from redisched.engine import schedule_declarer
from redisched.schedules import firing
from redisched.schedules.declaration import Declaration
from redisched.schedules.declaring import Declared, declare
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import Declarer, ScheduleRemoval, ScheduleStatus, SlotFiring
from redisched.store.store import Store
from redisched.store.values import NewTask
from redisched.timetable.misfire import MOST_LATE_SLOTS, Misfire, late_slots
from redisched.timetable.timetable import Slots
from tests.chaos.mutant import Mutant
from tests.chaos.schedule_machine import SCHEDULE_MUTANTS
from tests.script_rewriting import rewrite_scripts
from tests.simulation.bug import Bug, in_method, in_script
from tests.simulation.schedule_life import KNOWN, NEWEST, NO_GAP, ONCE, ONLY_NEXT, OWN, POLICY

WITHDRAWN = "I10: what was withdrawn does not start"
STARTS = "I10: what was enqueued starts"

OLDER_DECLARES = "an older deploy declares while a newer one lives"
MUTANTS = {
    **SCHEDULE_MUTANTS,
    OLDER_DECLARES: Mutant("announce", "if newest_alive < own then", "if newest_alive >= 0 then"),
}
_PROMISES = {
    "fire does not compare the slot": (ONLY_NEXT,),
    "fire does not compare the version": (ONLY_NEXT,),
    "fire does not know the tasks that there were": (ONCE,),
    "fire does not look at the slot before": (ONCE,),
    "fire forgets what is ahead": (WITHDRAWN, ONCE),
    "a change leaves the slots that are enqueued": (WITHDRAWN, ONCE),
    "a change withdraws the task of a slot that has come": (NO_GAP, STARTS, ONCE),
    "a change does not compare the version": (KNOWN,),
    "a pause leaves the slots that are enqueued": (WITHDRAWN, ONCE),
    "a removal leaves the slots that are enqueued": (WITHDRAWN, ONCE),
    OLDER_DECLARES: (NEWEST,),
    "a worker of an earlier epoch changes schedules": (NEWEST,),
}


def _fire_in_two_calls(self: ScheduleStore, slots: Sequence[SlotFiring]) -> Operation[list[ScheduleStatus]]:
    """Let the schedules go on, and then enqueue the tasks."""
    statuses = yield from _fire_at_once(self, slots)
    fired = [slot for slot, status in zip(slots, statuses, strict=True) if status is ScheduleStatus.FIRED]
    tasks = [NewTask(slot.id, slot.priority, f"@{slot.run_at_ms}", slot.record, slot.traits) for slot in fired]
    if tasks:
        yield from Store(self._scripts._script_runner, self.queue, self.shard).enqueue(tasks)
    return statuses


_fire_at_once = ScheduleStore.fire


def _plant_two_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite_scripts(monkeypatch, Mutant("fire", "    add(id, priority, run_at, record, traits)\n", "").rewrite)
    monkeypatch.setattr(ScheduleStore, "fire", _fire_in_two_calls)


def _fire_all(timetable: Slots, after_ms: int, until_ms: int, misfire: Misfire) -> list[int]:
    return late_slots(timetable, after_ms, until_ms, Misfire(most=MOST_LATE_SLOTS if misfire.most else 0))


def _fire_none(timetable: Slots, after_ms: int, until_ms: int, misfire: Misfire) -> list[int]:
    return late_slots(timetable, after_ms, until_ms, Misfire(most=max(0, misfire.most - 1)))


def _declare_alone(
    script_runner: ScriptRunner, queue: str, declarations: Mapping[str, Declaration], declarer: Declarer
) -> Operation[Declared]:
    """Declare, and remove all that is not declared, whoever has added it."""
    declared = yield from declare(script_runner, queue, declarations, declarer)
    store = ScheduleStore(script_runner, queue)
    for schedule in (yield from store.all()):
        if schedule.name not in declarations:
            yield from store.remove([ScheduleRemoval(schedule.name)], declarer)
    return declared


BUGS_OF_SCHEDULES: dict[str, Bug] = {
    **{name: in_script(mutant, *_PROMISES[name]) for name, mutant in MUTANTS.items()},
    "a slot is fired in two calls": Bug(_plant_two_calls, (STARTS, WITHDRAWN, ONCE), frozenset()),
    "every late slot is fired where only the latest is wanted": in_method(firing, "late_slots", _fire_all, POLICY),
    "a late slot less is fired than wanted": in_method(firing, "late_slots", _fire_none, POLICY),
    "an application removes the schedules of another": in_method(schedule_declarer, "declare", _declare_alone, OWN),
}
