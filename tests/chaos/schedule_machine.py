"""The machine of schedules that are fired, changed, paused, resumed and removed in any order, by whoever knows them or
does not.
"""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from redisched.store.broker import Broker
from redisched.store.operation import Operation
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import (
    NOBODY,
    Declarer,
    NewSchedule,
    OverlapRule,
    Resumption,
    ScheduleRemoval,
    ScheduleStatus,
    SlotFiring,
)
from redisched.store.store import Store
from tests.chaos.begun_machine import BegunMachine
from tests.chaos.machine import QUEUE
from tests.chaos.model_schedules import ScheduleModel
from tests.chaos.mutant import Mutant

SCHEDULE_MUTANTS = {
    "fire does not compare the slot": Mutant("fire", " or text(tonumber(next_slot)) ~= slot then", " then"),
    "fire does not compare the version": Mutant("fire", "known_version ~= version or ", ""),
    "fire does not know the tasks that there were": Mutant("fire", "elseif is_known(id) then", "elseif false then"),
    "fire does not look at the slot before": Mutant(
        "fire", "(overlap == 'skip' and has_not_ended(last))", "(overlap == 'skip' and false)"
    ),
    "fire forgets what is ahead": Mutant("fire", "ahead_part(slot, run_at, id) or ''", "'' or ''"),
    "a change leaves the slots that are enqueued": Mutant("set_schedule", "    withdraw(to_come, now_ms)\n", ""),
    "a change withdraws the task of a slot that has come": Mutant(
        "set_schedule", "withdraw(to_come, now_ms)", "withdraw(ahead or '', now_ms)"
    ),
    "a change does not compare the version": Mutant(
        "set_schedule", "elseif known_version and known_version ~= basis then", "elseif false then"
    ),
    "a pause leaves the slots that are enqueued": Mutant("pause_schedule", "    withdraw(ahead, now_ms)\n", ""),
    "a removal leaves the slots that are enqueued": Mutant("remove_schedule", "    withdraw(ahead, now_ms)\n", ""),
    "a worker of an earlier epoch changes schedules": Mutant(
        "set_schedule", "if latest and tonumber(latest) > tonumber(epoch) then", "if false then"
    ),
}

names = st.sampled_from(["nightly", "nightly", "hourly"])
knows = st.sampled_from([True, True, True, False])
comings_ms = st.sampled_from([-1, 0, 500, 5_000, 60_000])
jitters_ms = st.sampled_from([0, 0, 1_000, 60_000])
overlaps = st.sampled_from([OverlapRule.ALLOW, OverlapRule.ALLOW, *OverlapRule])
declarers = st.sampled_from([NOBODY, NOBODY, Declarer("shop", "5"), Declarer("shop", "10"), Declarer("billing", "7")])


class QueueWithSchedules(Store):
    """The edges of a shard, those of its schedules among them."""

    @property
    def _schedules(self) -> ScheduleStore:
        return ScheduleStore(self._script_runner, self.queue, self.shard)

    def fire(self, slots: list[SlotFiring]) -> Operation[list[ScheduleStatus]]:
        return self._schedules.fire(slots)

    def set_schedule(self, new: NewSchedule, declarer: Declarer) -> Operation[list[ScheduleStatus]]:
        return self._schedules.set([new], declarer=declarer)

    def pause_schedule(self, name: str) -> Operation[list[ScheduleStatus]]:
        return self._schedules.pause([name])

    def resume_schedule(self, resumption: Resumption) -> Operation[list[ScheduleStatus]]:
        return self._schedules.resume([resumption])

    def remove_schedule(self, removal: ScheduleRemoval, declarer: Declarer) -> Operation[list[ScheduleStatus]]:
        return self._schedules.remove([removal], declarer)


class ScheduleMachine(BegunMachine):
    """Every rule is one call of one edge, or a few of one schedule."""

    broker: ClassVar[Broker]
    REMOVING = BegunMachine.REMOVING | {"set_schedule", "pause_schedule", "remove_schedule"}

    def __init__(self) -> None:
        super().__init__()
        self.store = QueueWithSchedules(self.broker.script_runner, QUEUE)
        self.model: ScheduleModel = ScheduleModel(self.time.now_us)
        self.versions = 0

    @rule(name=names, knows=knows, comes_ms=comings_ms, declarer=declarers)
    def set_schedule(self, name: str, knows: bool, comes_ms: int, declarer: Declarer) -> None:
        self.set_slot(name, "" if comes_ms < 0 else self.time.now_ms + comes_ms, declarer, knows=knows)

    def set_slot(self, name: str, slot: int | str, declarer: Declarer = NOBODY, *, knows: bool = True) -> None:
        """Add or change a schedule, and send the call once more."""
        self.versions += 1
        new = NewSchedule(name, self.version(name, knows), f"v{self.versions}", b"definition", slot)
        for _ in range(2):
            self.call("set_schedule", new, declarer)

    @rule(name=names, knows=knows, near_ms=st.sampled_from([0, 0, 0, 1]), overlap=overlaps, jitter_ms=jitters_ms)
    def fire(self, name: str, knows: bool, near_ms: int, overlap: OverlapRule, jitter_ms: int) -> None:
        """Fire the next slot of a schedule and the one after it, as two workers at once."""
        known = self.model.schedules.get(name)
        first_ms = near_ms + (self.time.now_ms if known is None or known.slot_ms is None else known.slot_ms)
        following: list[int | str] = [first_ms + 5_000, ""]
        slots = [
            SlotFiring(
                *(name, self.version(name, knows), slot_ms, following[at], overlap),
                *(f"{name}@{slot_ms}", 5, slot_ms + jitter_ms, b"digest-1body"),
            )
            for at, slot_ms in enumerate((first_ms, first_ms + 5_000))
        ]
        self.call("fire", slots[:1])
        self.call("fire", slots if jitter_ms else slots[:1])

    @rule(name=names)
    def pause_schedule(self, name: str) -> None:
        self.call("pause_schedule", name)

    @rule(name=names, knows=knows, comes_ms=comings_ms)
    def resume_schedule(self, name: str, knows: bool, comes_ms: int) -> None:
        slot = "" if comes_ms < 0 else self.time.now_ms + comes_ms
        self.call("resume_schedule", Resumption(name, self.version(name, knows), slot))

    @rule(name=names, knows=knows, declarer=declarers)
    def remove_schedule(self, name: str, knows: bool, declarer: Declarer) -> None:
        self.call("remove_schedule", ScheduleRemoval(name, self.version(name, knows)), declarer)

    @rule(name=names, jitter_ms=jitters_ms)
    def go_back(self, name: str, jitter_ms: int) -> None:
        """Fire a slot, once by somebody who knows another version, and let the same slot come again."""
        slot_ms = self.time.now_ms + 500
        self.set_slot(name, slot_ms)
        self.call("resume_schedule", Resumption(name, self.version(name, True), slot_ms))
        self.fire(name, False, 0, OverlapRule.ALLOW, jitter_ms)
        self.fire(name, True, 0, OverlapRule.ALLOW, jitter_ms)
        self.let_time_pass(1_000)
        self.set_slot(name, slot_ms, knows=False)
        for overlap in (OverlapRule.SKIP, OverlapRule.ALLOW):
            self.set_slot(name, slot_ms)
            self.fire(name, True, 0, overlap, jitter_ms)

    def version(self, name: str, knows: bool) -> str:
        """The version of a schedule, or another one."""
        known = self.model.schedules.get(name)
        return ("" if known is None else known.version) if knows else "v0"


def schedule_machine_on(broker: Broker) -> type[ScheduleMachine]:
    """The machine of one broker."""

    class ScheduleMachineOnBroker(ScheduleMachine):
        pass

    ScheduleMachineOnBroker.broker = broker
    return ScheduleMachineOnBroker
