"""set_schedule, pause_schedule, resume_schedule and remove_schedule: no task of a former version is left behind."""

import pytest

from redisched.shard_map import ShardMap
from redisched.store.schedule_values import (
    Declarer,
    Resumption,
    ScheduleRemoval,
    ScheduleState,
    ScheduleStatus,
    StoredSchedule,
)
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import (
    FOLLOWING_MS,
    NAME,
    SLOT_MS,
    VERSION,
    ahead_of,
    new,
    schedule,
    slot_task,
    store,
    task_of,
)
from tests.lua.situation import Situation, leased, together, waiting
from tests.server_time import NOW_MS

STORED = schedule(version="v2", slot_ms=FOLLOWING_MS)
AHEAD = together(schedule(last=task_of(SLOT_MS), ahead=ahead_of(SLOT_MS), slot_ms=FOLLOWING_MS), slot_task(SLOT_MS))
STARTED = leased(task_of(SLOT_MS))
PASSED = slot_task(SLOT_MS, run_at_ms=NOW_MS)
SNOOZED = slot_task(SLOT_MS, run_at_ms=SLOT_MS + 1)
KEPT = [STARTED, PASSED, SNOOZED]
KEPT_IDS = ["leased", "due by now", "moved"]


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


@pytest.mark.parametrize("kept", KEPT, ids=KEPT_IDS)
def test_a_task_that_is_not_ahead_any_more_stays(queue: QueueUnderTest, kept: Situation) -> None:
    changed = schedule(last=task_of(SLOT_MS), ahead=ahead_of(SLOT_MS), slot_ms=FOLLOWING_MS)
    queue.given(changed, kept)

    queue.call(store(queue).set([new(VERSION)]))
    queue.call(store(queue).pause([NAME]))
    queue.call(store(queue).remove([ScheduleRemoval(NAME)]))

    assert queue.situation() == kept


def test_a_paused_schedule_stays_paused_when_it_is_changed(queue: QueueUnderTest) -> None:
    queue.given(schedule(state="paused", slot_ms=None))

    queue.call(store(queue).set([new(VERSION)]))

    assert queue.situation() == schedule(version="v2", state="paused", slot_ms=None)


def test_pausing_removes_the_tasks_that_were_enqueued_ahead(queue: QueueUnderTest) -> None:
    queue.given(AHEAD, waiting("another"))
    paused = schedule(state="paused", last=task_of(SLOT_MS), slot_ms=None)

    assert queue.call(store(queue).pause([NAME])) == [ScheduleStatus.PAUSED]
    assert queue.call(store(queue).pause([NAME, "unknown"])) == [ScheduleStatus.ALREADY, ScheduleStatus.UNKNOWN]

    assert queue.situation() == together(paused, waiting("another"))


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


def test_a_shard_with_another_shard_map_adds_nothing(queue: QueueUnderTest) -> None:
    queue.given({"layout": "1 3"})

    assert queue.call(store(queue).set([new()], ShardMap())) == [ScheduleStatus.STALE_SHARD_MAP]
    assert queue.situation() == {"layout": "1 3"}
    assert queue.call(store(queue).set([new()], ShardMap((1, 3)))) == [ScheduleStatus.STORED]


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
    assert queue.call(store(queue).due(FOLLOWING_MS - NOW_MS, 9)) == (NOW_MS, [stored])
    assert queue.call(store(queue).due(FOLLOWING_MS - NOW_MS - 1, 9)) == (NOW_MS, [])
