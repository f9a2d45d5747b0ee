"""Which slots are fired: those ahead, those that nobody fired in time, and none twice."""

from itertools import pairwise

import pytest

from redisched.placement import slot_id
from redisched.schedules.definition import Definition, Overlap, SlotTask
from redisched.schedules.firing import LATE_MS, MOST_SLOTS, next_slot_ms, slots_to_fire
from redisched.store.schedule_values import OverlapRule, ScheduleState, SlotFiring, StoredSchedule
from redisched.timetable.at import At
from redisched.timetable.every import Every
from redisched.timetable.misfire import Misfire
from redisched.timetable.timing import Timing

MINUTE_MS = 60_000
NOW_MS = 1_800_000_000_000
AHEAD_MS = 15_000


def definition(
    misfire: str = "latest", overlap: Overlap = Overlap.ALLOW, every_ms: int = 5 * MINUTE_MS, record: bytes = b"record"
) -> Definition:
    task = SlotTask(handler="report", priority=3, record=record, traits=b"", options={})
    timing = Timing(timetable=Every(interval_ms=every_ms))
    return Definition(timing=timing, task=task, misfire=Misfire.of("misfire", misfire), overlap=overlap)


def stored(slot_ms: int | None) -> StoredSchedule:
    return StoredSchedule("nightly", "v1", ScheduleState.ACTIVE, slot_ms, "", (), b"")


def fired(firings: list[SlotFiring]) -> list[int]:
    """The slots that get a task, after checking that the calls follow each other."""
    for one, following in pairwise(firings):
        assert one.following == following.slot_ms
    return [firing.slot_ms for firing in firings if firing.overlap is not OverlapRule.PASS]


def test_slots_are_fired_some_seconds_ahead() -> None:
    what = definition(every_ms=5_000)

    firings = slots_to_fire(stored(NOW_MS + 5_000), what, NOW_MS, AHEAD_MS)

    assert fired(firings) == [NOW_MS + 5_000, NOW_MS + 10_000, NOW_MS + 15_000]
    assert firings[0] == SlotFiring(
        "nightly", "v1", NOW_MS + 5_000, NOW_MS + 10_000, OverlapRule.ALLOW,
        "nightly@2027-01-15T08:00:05Z", 3, NOW_MS + 5_000, b"record", b"",
    )  # fmt: skip
    assert firings[-1].following == NOW_MS + 20_000


def test_with_skip_a_slot_is_fired_when_it_is_due() -> None:
    what = definition(every_ms=5_000, overlap=Overlap.SKIP)

    assert slots_to_fire(stored(NOW_MS + 5_000), what, NOW_MS, AHEAD_MS) == []
    assert fired(slots_to_fire(stored(NOW_MS), what, NOW_MS, AHEAD_MS)) == [NOW_MS]


def test_nothing_is_fired_before_the_slot_that_is_the_next_one_or_when_there_is_none() -> None:
    assert slots_to_fire(stored(NOW_MS + AHEAD_MS + 1), definition(), NOW_MS, AHEAD_MS) == []
    assert slots_to_fire(stored(None), definition(), NOW_MS, AHEAD_MS) == []


@pytest.mark.parametrize(
    ("misfire", "count"), [("skip", 0), ("latest", 1), ("all", 36), ("all(max=36)", 36), ("all(max=10)", 10)]
)
def test_after_three_hours_without_workers_the_policy_says_what_a_schedule_of_five_minutes_fires(
    misfire: str, count: int
) -> None:
    first_ms = NOW_MS + 5 * MINUTE_MS
    now_ms = NOW_MS + 180 * MINUTE_MS + 1

    firings = slots_to_fire(stored(first_ms), definition(misfire), now_ms, AHEAD_MS)

    every = [first_ms + number * 5 * MINUTE_MS for number in range(36)]
    assert fired(firings) == every[36 - count :]
    assert firings[-1].following == NOW_MS + 185 * MINUTE_MS


def test_slots_that_are_a_little_late_are_all_fired() -> None:
    what = definition("skip", every_ms=1_000)
    now_ms = NOW_MS + LATE_MS - 1

    assert fired(slots_to_fire(stored(NOW_MS), what, now_ms, 0)) == [NOW_MS + ms for ms in range(0, LATE_MS, 1_000)]


@pytest.mark.parametrize("misfire", ["skip", "latest", "all"])
def test_of_late_slots_in_quick_succession_no_more_are_fired_than_the_policy_says(misfire: str) -> None:
    what = definition(misfire, every_ms=1_000)
    now_ms = NOW_MS + LATE_MS

    slots = fired(slots_to_fire(stored(NOW_MS), what, now_ms, 0))

    assert len(slots) == {"skip": 0, "latest": 1, "all": 31}[misfire]


def test_what_does_not_fit_into_one_call_is_left_for_the_next() -> None:
    what = definition("all(max=1000)", every_ms=1_000)
    now_ms = NOW_MS + 500_000
    slots: list[int] = []
    position: int | str = NOW_MS
    while position != "" and int(position) <= now_ms:
        firings = slots_to_fire(stored(int(position)), what, now_ms, 0)
        assert len(firings) <= MOST_SLOTS
        slots += fired(firings)
        position = firings[-1].following

    assert slots == [NOW_MS + ms for ms in range(0, 500_001, 1_000)]
    large = definition("all", every_ms=1_000, record=b"x" * 600_000)
    assert len(slots_to_fire(stored(NOW_MS), large, now_ms, 0)) == 1


def test_the_only_slot_of_a_moment_has_none_after_it() -> None:
    what = Definition(timing=Timing(timetable=At(moment_ms=NOW_MS)), task=definition().task)

    assert [firing.following for firing in slots_to_fire(stored(NOW_MS), what, NOW_MS, 0)] == [""]


def test_a_schedule_that_keeps_its_timing_loses_no_slot_that_is_due() -> None:
    what = definition()
    due_ms, following_ms = NOW_MS, NOW_MS + 5 * MINUTE_MS

    assert next_slot_ms(stored(due_ms), what, NOW_MS + 1) == due_ms
    assert next_slot_ms(stored(following_ms + 5 * MINUTE_MS), what, NOW_MS + 1) == following_ms
    assert next_slot_ms(stored(None), what, NOW_MS + 1) == following_ms


def test_the_id_of_a_slot_tells_when_it_is() -> None:
    assert slot_id("nightly", NOW_MS + 7) == "nightly@2027-01-15T08:00:00.007Z"
