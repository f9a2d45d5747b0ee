"""pause_schedule withdraws what was enqueued ahead, and no slot comes any more."""

from redisched.store.schedule_values import (
    ScheduleStatus,
)
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import (
    AHEAD,
    NAME,
    SLOT_MS,
    schedule,
    store,
    task_of,
)
from tests.lua.situation import together, waiting


def test_pausing_removes_the_tasks_that_were_enqueued_ahead(queue: QueueUnderTest) -> None:
    queue.given(AHEAD, waiting("another"))
    paused = schedule(state="paused", last=task_of(SLOT_MS), slot_ms=None)

    assert queue.call(store(queue).pause([NAME])) == [ScheduleStatus.PAUSED]
    assert queue.call(store(queue).pause([NAME, "unknown"])) == [ScheduleStatus.ALREADY, ScheduleStatus.UNKNOWN]

    assert queue.situation() == together(paused, waiting("another"))
