"""remove_schedule leaves nothing of a schedule, and tells callers that wait for its tasks."""

from redisched.store.schedule_values import (
    ScheduleRemoval,
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
from tests.server_time import NOW_MS


def test_removing_leaves_nothing(queue: QueueUnderTest) -> None:
    queue.given(AHEAD)

    assert queue.call(store(queue).remove([ScheduleRemoval(NAME, "v0")])) == [ScheduleStatus.CHANGED]
    assert queue.situation() == AHEAD
    assert queue.call(store(queue).remove([ScheduleRemoval(NAME, VERSION)])) == [ScheduleStatus.REMOVED]
    assert queue.call(store(queue).remove([ScheduleRemoval(NAME)])) == [ScheduleStatus.UNKNOWN]

    assert queue.situation() == {}


def test_callers_that_wait_for_a_removed_task_are_told(queue: QueueUnderTest) -> None:
    queue.given(AHEAD, {"watched": {task_of(SLOT_MS): f"{NOW_MS + 1_000} channel"}})

    queue.call(store(queue).remove([ScheduleRemoval(NAME)]))

    assert queue.situation() == {}
