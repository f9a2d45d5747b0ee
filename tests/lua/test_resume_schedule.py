"""resume_schedule has a schedule fire again, from the slot that the caller computed."""

from redisched.store.schedule_values import (
    Resumption,
    ScheduleStatus,
)
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import (
    NAME,
    SLOT_MS,
    VERSION,
    schedule,
    store,
)


def test_a_resumed_schedule_fires_from_the_slot_that_was_computed(queue: QueueUnderTest) -> None:
    queue.given(schedule(state="paused", slot_ms=None))
    resumed = Resumption(NAME, VERSION, SLOT_MS)

    assert queue.call(store(queue).resume([resumed])) == [ScheduleStatus.RESUMED]
    assert queue.call(store(queue).resume([resumed])) == [ScheduleStatus.ALREADY]

    assert queue.situation() == schedule()


def test_a_schedule_that_was_changed_meanwhile_is_not_resumed(queue: QueueUnderTest) -> None:
    queue.given(schedule(state="paused", slot_ms=None))

    rows = [Resumption(NAME, "v0", SLOT_MS), Resumption("unknown", VERSION, SLOT_MS)]
    assert queue.call(store(queue).resume(rows)) == [ScheduleStatus.CHANGED, ScheduleStatus.UNKNOWN]

    assert queue.situation() == schedule(state="paused", slot_ms=None)


def test_a_resumed_schedule_without_a_slot_is_over(queue: QueueUnderTest) -> None:
    queue.given(schedule(state="paused", slot_ms=None))

    queue.call(store(queue).resume([Resumption(NAME, VERSION, "")]))

    assert queue.situation() == schedule(state="over", slot_ms=None)
