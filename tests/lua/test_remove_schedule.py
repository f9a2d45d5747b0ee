"""remove_schedule leaves nothing of a schedule, and tells callers that wait for its tasks."""

import pytest

from redisched.store.schedule_values import (
    ScheduleRemoval,
    ScheduleState,
    ScheduleStatus,
)
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import (
    AHEAD,
    NAME,
    SLOT_MS,
    VERSION,
    store,
    task_of,
)
from tests.lua.situation import Situation
from tests.server_time import NOW_MS


def test_removing_leaves_nothing(queue: QueueUnderTest) -> None:
    queue.given(AHEAD)

    assert queue.call(store(queue).remove([ScheduleRemoval(NAME, "v0")])) == [ScheduleStatus.CHANGED]
    assert queue.situation() == AHEAD
    assert queue.call(store(queue).remove([ScheduleRemoval(NAME, VERSION)])) == [ScheduleStatus.REMOVED]
    assert queue.call(store(queue).remove([ScheduleRemoval(NAME)])) == [ScheduleStatus.UNKNOWN]

    assert queue.situation() == {}


DAMAGED: dict[str, Situation] = {
    "without a state": {"schedules": {NAME: "definition"}, "firing": {NAME: SLOT_MS}},
    "with another state": {"schedules": {NAME: "definition"}, "fired": {NAME: "garbage"}, "firing": {NAME: SLOT_MS}},
    "only with another state": {"fired": {NAME: "garbage"}},
}


@pytest.mark.parametrize("situation", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_one_is_removed_if_no_version_is_asked_for(queue: QueueUnderTest, situation: Situation) -> None:
    queue.given(situation)

    assert queue.call(store(queue).remove([ScheduleRemoval(NAME, VERSION)])) == [ScheduleStatus.UNKNOWN]
    assert queue.situation() == situation
    (damaged,) = queue.call(store(queue).all())
    assert (damaged.name, damaged.state, damaged.version) == (NAME, ScheduleState.DAMAGED, "")
    assert queue.call(store(queue).remove([ScheduleRemoval(NAME)])) == [ScheduleStatus.REMOVED]
    assert queue.situation() == {}
    assert queue.call(store(queue).all()) == []


def test_callers_that_wait_for_a_removed_task_are_told(queue: QueueUnderTest) -> None:
    queue.given(AHEAD, {"watched": {task_of(SLOT_MS): f"{NOW_MS + 1_000} channel"}})

    queue.call(store(queue).remove([ScheduleRemoval(NAME)]))

    assert queue.situation() == {}
