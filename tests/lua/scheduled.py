"""Schedules, for the tests of the scripts that change and fire them."""

from typing import TypeVar

from redisched.store.operation import Operation
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import NewSchedule, OverlapRule, ScheduleStatus, SlotFiring
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.lua.situation import Situation, leased, record_of, together, waiting
from tests.server_time import NOW_MS

T = TypeVar("T")
NAME = "nightly"
VERSION = "v1"
SLOT_MS = NOW_MS + 5_000
FOLLOWING_MS = NOW_MS + 65_000
ENDS = {"format": "3"}


def store(queue: QueueUnderTest) -> ScheduleStore:
    return ScheduleStore(queue.broker.script_runner, QUEUE)


def task_of(slot_ms: int) -> str:
    return f"{NAME}@{slot_ms}"


def schedule(
    *, version: str = VERSION, state: str = "active", last: str = "-", ahead: str = "", slot_ms: int | None = SLOT_MS
) -> Situation:
    """A schedule as it is stored; `ahead` is ' slot run_at id' for each task that was enqueued ahead."""
    found: Situation = {"schedules": {NAME: "definition"}, "fired": {NAME: f"{version} {state} {last}{ahead}"}}
    return found if slot_ms is None else together(found, {"firing": {NAME: slot_ms}})


def slot_task(slot_ms: int, *, run_at_ms: int | None = None, priority: int = 5) -> Situation:
    """The task of a slot, which waits for its time."""
    id = task_of(slot_ms)
    return waiting(id, run_at_ms=slot_ms if run_at_ms is None else run_at_ms, priority=priority)


def ahead_of(*slots_ms: int) -> str:
    """The tasks of these slots as they stand in the state of the schedule."""
    return "".join(f" {slot_ms} {slot_ms} {task_of(slot_ms)}" for slot_ms in slots_ms)


def firing(
    slot_ms: int = SLOT_MS,
    following: int | str = FOLLOWING_MS,
    *,
    version: str = VERSION,
    overlap: OverlapRule = OverlapRule.ALLOW,
    traits: bytes = b"",
) -> SlotFiring:
    id = task_of(slot_ms)
    return SlotFiring(NAME, version, slot_ms, following, overlap, id, 5, slot_ms, record_of(id).encode(), traits)


def fire(queue: QueueUnderTest, *slots: SlotFiring) -> list[ScheduleStatus]:
    return queue.call(store(queue).fire(slots))


def new(basis: str = "", version: str = "v2", slot: int | str = FOLLOWING_MS) -> NewSchedule:
    return NewSchedule(NAME, basis, version, b"definition", slot)


def call(queue: QueueUnderTest, operation: Operation[T]) -> T:
    return queue.call(operation)


STORED = schedule(version="v2", slot_ms=FOLLOWING_MS)
AHEAD = together(schedule(last=task_of(SLOT_MS), ahead=ahead_of(SLOT_MS), slot_ms=FOLLOWING_MS), slot_task(SLOT_MS))
STARTED = leased(task_of(SLOT_MS))
PASSED = slot_task(SLOT_MS, run_at_ms=NOW_MS)
SNOOZED = slot_task(SLOT_MS, run_at_ms=SLOT_MS + 1)
KEPT = [STARTED, PASSED, SNOOZED]
KEPT_IDS = ["leased", "due by now", "moved"]
