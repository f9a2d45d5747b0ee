"""fire: the task of a slot is enqueued once, and the schedule goes on to its next slot in the same call."""

import pytest

from redisched.store.schedule_values import OverlapRule, ScheduleStatus
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import (
    FOLLOWING_MS,
    SLOT_MS,
    ahead_of,
    fire,
    firing,
    schedule,
    slot_task,
    task_of,
)
from tests.lua.situation import AWAKE, Situation, dead, ended, leased, together, waiting
from tests.server_time import NOW_MS

LATER_MS = FOLLOWING_MS + 60_000
FIRED = together(schedule(last=task_of(SLOT_MS), ahead=ahead_of(SLOT_MS), slot_ms=FOLLOWING_MS), slot_task(SLOT_MS))


def test_the_task_waits_for_its_slot_and_the_schedule_goes_on(queue: QueueUnderTest) -> None:
    queue.given(schedule())

    assert fire(queue, firing()) == [ScheduleStatus.FIRED]

    assert queue.situation() == together(FIRED, AWAKE)


def test_whoever_comes_second_changes_nothing(queue: QueueUnderTest) -> None:
    queue.given(schedule())
    fire(queue, firing())

    assert fire(queue, firing()) == [ScheduleStatus.MOVED]

    assert queue.situation() == together(FIRED, AWAKE)


@pytest.mark.parametrize(
    "found",
    [
        {},
        schedule(version="v0"),
        schedule(slot_ms=SLOT_MS + 1),
        schedule(slot_ms=SLOT_MS - 1),
        schedule(state="paused", slot_ms=None),
        schedule(state="over", slot_ms=None),
        {"fired": {"nightly": "unreadable"}, "firing": {"nightly": SLOT_MS}},
    ],
    ids=["gone", "another version", "an earlier call", "another slot", "paused", "over", "damaged"],
)
def test_nothing_is_written_if_the_schedule_is_not_what_was_believed(queue: QueueUnderTest, found: Situation) -> None:
    queue.given(found)

    assert fire(queue, firing()) == [ScheduleStatus.MOVED]

    assert queue.situation() == found


def test_slots_of_one_call_follow_each_other(queue: QueueUnderTest) -> None:
    queue.given(schedule(slot_ms=NOW_MS - 2_000))
    late, missed = firing(NOW_MS - 1_000, SLOT_MS), firing(NOW_MS - 2_000, NOW_MS - 1_000)

    statuses = fire(queue, missed._replace(overlap=OverlapRule.PASS), late, firing())

    assert statuses == [ScheduleStatus.SKIPPED, ScheduleStatus.FIRED, ScheduleStatus.FIRED]
    assert queue.situation() == together(FIRED, slot_task(NOW_MS - 1_000), AWAKE)


def test_the_call_stops_where_the_schedule_is_not_what_was_believed(queue: QueueUnderTest) -> None:
    queue.given(schedule(slot_ms=FOLLOWING_MS))

    statuses = fire(queue, firing(), firing(FOLLOWING_MS, LATER_MS))

    assert statuses == [ScheduleStatus.MOVED, ScheduleStatus.FIRED]


def test_after_its_last_slot_a_schedule_is_over(queue: QueueUnderTest) -> None:
    queue.given(schedule())

    assert fire(queue, firing(following="")) == [ScheduleStatus.FIRED]

    over = schedule(state="over", last=task_of(SLOT_MS), ahead=ahead_of(SLOT_MS), slot_ms=None)
    assert queue.situation() == together(over, slot_task(SLOT_MS), AWAKE)


def test_only_tasks_that_are_still_ahead_are_remembered(queue: QueueUnderTest) -> None:
    passed = NOW_MS - 1_000
    queue.given(schedule(last=task_of(passed), ahead=ahead_of(passed, NOW_MS)))

    fire(queue, firing())

    assert queue.situation() == together(FIRED, AWAKE)


@pytest.mark.parametrize(
    "known",
    [leased(task_of(SLOT_MS)), dead(task_of(SLOT_MS)), ended(task_of(SLOT_MS)), slot_task(SLOT_MS)],
    ids=["leased", "dead", "ended", "waiting"],
)
def test_a_slot_whose_task_is_known_is_not_enqueued_again(queue: QueueUnderTest, known: Situation) -> None:
    queue.given(schedule(), known)

    assert fire(queue, firing()) == [ScheduleStatus.EXISTS]

    assert queue.situation() == together(
        schedule(last=task_of(SLOT_MS), ahead=ahead_of(SLOT_MS), slot_ms=FOLLOWING_MS), known
    )


@pytest.mark.parametrize(
    ("before", "status"),
    [
        (waiting("before"), ScheduleStatus.SKIPPED),
        (waiting("before", run_at_ms=NOW_MS + 1, tries="1 0 0 7"), ScheduleStatus.SKIPPED),
        (leased("before"), ScheduleStatus.SKIPPED),
        (ended("before"), ScheduleStatus.FIRED),
        (dead("before"), ScheduleStatus.FIRED),
        ({}, ScheduleStatus.FIRED),
    ],
    ids=["waiting", "to be tried again", "leased", "ended", "dead", "forgotten"],
)
def test_with_skip_nothing_is_enqueued_while_the_slot_before_has_not_ended(
    queue: QueueUnderTest, before: Situation, status: ScheduleStatus
) -> None:
    queue.given(schedule(last="before", slot_ms=NOW_MS), before)

    assert fire(queue, firing(NOW_MS, overlap=OverlapRule.SKIP)) == [status]

    fired = status is ScheduleStatus.FIRED
    after = schedule(last=task_of(NOW_MS) if fired else "before", slot_ms=FOLLOWING_MS)
    assert queue.situation() == together(after, before, *([slot_task(NOW_MS), AWAKE] if fired else []))


def test_with_skip_a_slot_is_not_fired_before_its_time(queue: QueueUnderTest) -> None:
    queue.given(schedule(slot_ms=NOW_MS + 1))

    assert fire(queue, firing(NOW_MS + 1, overlap=OverlapRule.SKIP)) == [ScheduleStatus.NOT_DUE]

    assert queue.situation() == schedule(slot_ms=NOW_MS + 1)


def test_a_task_may_have_limits_of_when_it_starts(queue: QueueUnderTest) -> None:
    queue.given(schedule())
    ends_ms = SLOT_MS + 1_000

    fire(queue, firing(traits=f"expires=@{ends_ms} 9 digest-nexpired".encode()))

    traits = {"traits": {task_of(SLOT_MS): f"expires={ends_ms} 9 digest-nexpired"}}
    assert queue.situation() == together(FIRED, AWAKE, traits, {"expiring": {task_of(SLOT_MS): ends_ms}, "format": "2"})
