"""What the edges of schedules have in common: tasks that are not ahead any more stay, deploys, and reading."""

import pytest

from redisched.store.schedule_values import (
    Declarer,
    ScheduleRemoval,
    ScheduleState,
    ScheduleStatus,
    StoredSchedule,
)
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import (
    AHEAD,
    FOLLOWING_MS,
    KEPT,
    KEPT_IDS,
    NAME,
    SLOT_MS,
    VERSION,
    ahead_of,
    new,
    schedule,
    store,
    task_of,
)
from tests.lua.situation import Situation
from tests.server_time import NOW_MS


@pytest.mark.parametrize("kept", KEPT, ids=KEPT_IDS)
def test_a_task_that_is_not_ahead_any_more_stays(queue: QueueUnderTest, kept: Situation) -> None:
    changed = schedule(last=task_of(SLOT_MS), ahead=ahead_of(SLOT_MS), slot_ms=FOLLOWING_MS)
    queue.given(changed, kept)

    queue.call(store(queue).set([new(VERSION)]))
    queue.call(store(queue).pause([NAME]))
    queue.call(store(queue).remove([ScheduleRemoval(NAME)]))

    assert queue.situation() == kept


def test_a_later_epoch_of_the_application_supersedes_an_earlier_one(queue: QueueUnderTest) -> None:
    earlier, later = Declarer("shop", "9"), Declarer("shop", "10")
    assert queue.call(store(queue).set([new()], declarer=earlier)) == [ScheduleStatus.STORED]
    assert queue.call(store(queue).set([new("v2", "v3")], declarer=later)) == [ScheduleStatus.STORED]
    situation = queue.situation()

    assert queue.call(store(queue).set([new("v3", "v4")], declarer=earlier)) == [ScheduleStatus.SUPERSEDED]
    assert queue.call(store(queue).remove([ScheduleRemoval(NAME)], earlier)) == [ScheduleStatus.SUPERSEDED]

    assert queue.situation() == situation
    assert situation["declared"] == {"shop": "10"}
    other = Declarer("billing", "1")
    assert queue.call(store(queue).remove([ScheduleRemoval(NAME)], other)) == [ScheduleStatus.REMOVED]


def test_schedules_are_read_as_they_are_stored(queue: QueueUnderTest) -> None:
    queue.given(AHEAD)
    stored = StoredSchedule(
        name=NAME,
        version=VERSION,
        state=ScheduleState.ACTIVE,
        slot_ms=FOLLOWING_MS,
        last_id=task_of(SLOT_MS),
        ahead_ids=(task_of(SLOT_MS),),
        definition=b"definition",
    )

    assert queue.call(store(queue).read(["unknown", NAME])) == (NOW_MS, [stored])
    assert queue.call(store(queue).all()) == [stored]
    assert queue.call(store(queue).due(FOLLOWING_MS - NOW_MS, 0, 9)) == (NOW_MS, [stored])
    assert queue.call(store(queue).due(FOLLOWING_MS - NOW_MS - 1, 0, 9)) == (NOW_MS, [])
