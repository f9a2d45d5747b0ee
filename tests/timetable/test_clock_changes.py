"""Ten years of cron slots in zones whose clocks are changed, against lists that every minute was tried for."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest

from redisched.timetable.cron import Cron
from redisched.timetable.timetable import next_slots
from tests.timetable.clocks import ZONES, by_minute, changes, daily, in_ms

FIRST, DAYS = date(2024, 1, 1), 3_653
IN_GAP_OR_REPEATED = {
    "Europe/London": ["30 1 * * *", "0 30 1 * * *"],
    "America/New_York": ["30 2 * * *", "30 1 * * *"],
    "Australia/Lord_Howe": ["15 2 * * *", "45 1 * * *"],
    "America/Santiago": ["0 0 * * *", "30 23 * * *"],
}


@pytest.mark.parametrize(("zone", "expression"), [(zone, one) for zone in ZONES for one in IN_GAP_OR_REPEATED[zone]])
def test_a_time_of_the_day_comes_once_on_each_date_of_ten_years(zone: str, expression: str) -> None:
    minute, hour = map(int, expression.split()[-5:-3])
    expected = daily(zone, time(hour, minute), FIRST, DAYS)

    slots = next_slots(Cron(expression=expression, tz=zone), expected[0] - 1, DAYS)

    assert slots == expected


@pytest.mark.parametrize(
    ("zone", "expression", "expected"),
    [
        # Skipped: the moment right after the gap, between the days before and after it.
        ("Europe/London", "30 1 * * *", ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]),
        ("Europe/Lisbon", "30 1 * * *", ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]),
        ("America/New_York", "30 2 * * *", ["2026-03-07T07:30Z", "2026-03-08T07:00Z", "2026-03-09T06:30Z"]),
        ("Australia/Lord_Howe", "15 2 * * *", ["2026-10-02T15:45Z", "2026-10-03T15:30Z", "2026-10-04T15:15Z"]),
        ("America/Santiago", "@daily", ["2026-09-05T04:00Z", "2026-09-06T04:00Z", "2026-09-07T03:00Z"]),
        # Repeated: the first of the two moments.
        ("Europe/London", "30 1 * * *", ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"]),
        ("Europe/Lisbon", "30 1 * * *", ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"]),
        ("America/New_York", "30 1 * * *", ["2026-10-31T05:30Z", "2026-11-01T05:30Z", "2026-11-02T06:30Z"]),
        ("Australia/Lord_Howe", "45 1 * * *", ["2026-04-03T14:45Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z"]),
        ("America/Santiago", "30 23 * * *", ["2026-04-04T02:30Z", "2026-04-05T02:30Z", "2026-04-06T03:30Z"]),
        # Two times of one gap, or one in it and one at its end, are one slot.
        ("Europe/London", "15,45 1 * * *", ["2026-03-28T01:45Z", "2026-03-29T01:00Z", "2026-03-30T00:15Z"]),
        ("Europe/London", "0 1,2 * * *", ["2026-03-28T02:00Z", "2026-03-29T01:00Z", "2026-03-30T00:00Z"]),
        # Only with seconds is there a slot at a second of the gap.
        ("Europe/London", "30 30 1 * * *", ["2026-03-28T01:30:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30:30Z"]),
        # A whole date that a country skipped.
        ("Pacific/Apia", "0 3 * * *", ["2011-12-29T13:00Z", "2011-12-30T10:00Z", "2011-12-30T13:00Z"]),
        # By real time: nothing is made up for, and a repeated hour has its slots twice.
        ("Europe/London", "0 * * * *", ["2026-03-29T00:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z"]),
        ("Europe/London", "30 * * * *", ["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z"]),
        ("Australia/Lord_Howe", "*/30 * * * *", ["2026-04-04T14:30Z", "2026-04-04T15:00Z", "2026-04-04T15:30Z"]),
        ("America/Santiago", "0 */6 * * *", ["2026-09-05T22:00Z", "2026-09-06T09:00Z", "2026-09-06T15:00Z"]),
        ("America/Santiago", "0 0,6,12,18 * * *", ["2026-09-05T22:00Z", "2026-09-06T04:00Z", "2026-09-06T09:00Z"]),
    ],
)
def test_the_days_on_which_clocks_are_changed(zone: str, expression: str, expected: list[str]) -> None:
    slots = [in_ms(moment) for moment in expected]

    assert next_slots(Cron(expression=expression, tz=zone), slots[0] - 1, len(slots)) == slots


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("*/20 * * * *", lambda local: local.minute % 20 == 0),
        ("15 * * * *", lambda local: local.minute == 15),
        ("0 */2 * * *", lambda local: local.hour % 2 == local.minute == 0),
        ("*/10 0-1 * * 0", lambda local: local.weekday() == 6 and local.hour < 2 and local.minute % 10 == 0),
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_wildcards_go_by_real_time(zone: str, expression: str, matches: Callable[[datetime], bool]) -> None:
    cron = Cron(expression=expression, tz=zone)
    days = list(changes(zone, FIRST, DAYS))
    assert len(days) == 20

    for midnight in days[:6]:
        expected = by_minute(zone, matches, midnight - timedelta(hours=3), midnight + timedelta(hours=30))
        assert next_slots(cron, expected[0] - 1, len(expected)) == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("expression", ["*/20 * * * *", "30 1,2 * * *", "0 0,23 * * *"])
def test_the_next_slot_does_not_depend_on_where_one_asks_from(zone: str, expression: str) -> None:
    cron = Cron(expression=expression, tz=zone)
    for midnight in list(changes(zone, FIRST, 366)):
        began_ms = int(midnight.timestamp() * 1_000) - 12 * 3_600_000
        slots = next_slots(cron, began_ms, 200)
        for asked_ms in range(began_ms, began_ms + 40 * 3_600_000, 11 * 60_000 + 1):
            assert cron.next_after_ms(asked_ms) == next(slot for slot in slots if slot > asked_ms)
