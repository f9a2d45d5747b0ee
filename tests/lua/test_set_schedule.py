"""set_schedule adds a schedule or changes one, from the version that the caller knows."""

import pytest

from redisched.shard_map import ShardMap
from redisched.store.schedule_values import (
    ScheduleStatus,
)
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import (
    AHEAD,
    FOLLOWING_MS,
    NAME,
    SLOT_MS,
    STORED,
    VERSION,
    new,
    schedule,
    slot_task,
    store,
    task_of,
)
from tests.lua.situation import Situation, together
from tests.server_time import NOW_MS


def test_a_schedule_is_added_with_its_first_slot(queue: QueueUnderTest) -> None:
    assert queue.call(store(queue).set([new()])) == [ScheduleStatus.STORED]

    assert queue.situation() == STORED


def test_a_schedule_without_a_slot_is_over(queue: QueueUnderTest) -> None:
    queue.call(store(queue).set([new(slot="")]))

    assert queue.situation() == schedule(version="v2", state="over", slot_ms=None)


@pytest.mark.parametrize(
    ("basis", "found", "status"),
    [
        ("", schedule(), ScheduleStatus.EXISTS),
        ("v0", schedule(), ScheduleStatus.CHANGED),
        ("v0", {}, ScheduleStatus.UNKNOWN),
    ],
)
def test_only_the_version_that_the_caller_knows_is_replaced(
    queue: QueueUnderTest, basis: str, found: Situation, status: ScheduleStatus
) -> None:
    queue.given(found)

    assert queue.call(store(queue).set([new(basis)])) == [status]

    assert queue.situation() == found


@pytest.mark.parametrize("found", [{}, AHEAD, schedule(state="over", slot_ms=None)], ids=["new", "ahead", "over"])
def test_a_repeated_call_changes_nothing(queue: QueueUnderTest, found: Situation) -> None:
    queue.given(found)
    row = new(VERSION if found else "")

    assert queue.call(store(queue).set([row])) == [ScheduleStatus.STORED]
    situation = queue.situation()
    assert queue.call(store(queue).set([row])) == [ScheduleStatus.STORED]

    assert queue.situation() == situation


def test_a_change_removes_the_tasks_that_were_enqueued_ahead(queue: QueueUnderTest) -> None:
    queue.given(AHEAD, {"traits": {task_of(SLOT_MS): "deadline=9 "}, "format": "3"})

    queue.call(store(queue).set([new(VERSION)]))

    assert queue.situation() == together(
        schedule(version="v2", last=task_of(SLOT_MS), slot_ms=FOLLOWING_MS), {"format": "3"}
    )


def test_the_task_of_a_slot_that_has_come_stays_while_it_waits_for_the_jitter_of_its_schedule(
    queue: QueueUnderTest,
) -> None:
    ahead = f" {NOW_MS} {SLOT_MS} {task_of(SLOT_MS)}"
    queue.given(schedule(last=task_of(SLOT_MS), ahead=ahead, slot_ms=FOLLOWING_MS), slot_task(SLOT_MS))

    queue.call(store(queue).set([new(VERSION)]))

    changed = schedule(version="v2", last=task_of(SLOT_MS), ahead=ahead, slot_ms=FOLLOWING_MS)
    assert queue.situation() == together(changed, slot_task(SLOT_MS))
    queue.call(store(queue).pause([NAME]))
    assert queue.situation() == schedule(version="v2", state="paused", last=task_of(SLOT_MS), slot_ms=None)


def test_a_paused_schedule_stays_paused_when_it_is_changed(queue: QueueUnderTest) -> None:
    queue.given(schedule(state="paused", slot_ms=None))

    queue.call(store(queue).set([new(VERSION)]))

    assert queue.situation() == schedule(version="v2", state="paused", slot_ms=None)


def test_a_shard_with_another_shard_map_adds_nothing(queue: QueueUnderTest) -> None:
    queue.given({"layout": "1 3"})

    assert queue.call(store(queue).set([new()], ShardMap())) == [ScheduleStatus.STALE_SHARD_MAP]
    assert queue.situation() == {"layout": "1 3"}
    assert queue.call(store(queue).set([new()], ShardMap((1, 3)))) == [ScheduleStatus.STORED]
