"""Which late slots are fired: none, the latest, or all up to a number, and at what cost."""

import pytest

from redisched.errors import InvalidOption
from redisched.timetable.at import At
from redisched.timetable.cron import Cron
from redisched.timetable.every import Every
from redisched.timetable.misfire import Misfire, late_slots
from redisched.timetable.timetable import Slots, next_slots
from tests.timetable.clocks import in_ms

BEGAN, UNTIL = in_ms("2026-11-29T09:00Z"), in_ms("2026-11-29T12:00Z")
FIVE_MINUTES = Cron(expression="*/5 * * * *")
ALL_LATE = next_slots(FIVE_MINUTES, BEGAN, 36)


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [
        ("skip", []),
        ("latest", [UNTIL]),
        ("all", ALL_LATE),
        ("all(max=36)", ALL_LATE),
        ("all(max=5)", ALL_LATE[-5:]),
    ],
)
def test_three_hours_of_a_schedule_every_five_minutes(misfire: str, expected: list[int]) -> None:
    assert late_slots(FIVE_MINUTES, BEGAN, UNTIL, Misfire.of("misfire", misfire)) == expected


@pytest.mark.parametrize("misfire", ["skip", "latest", "all"])
def test_nothing_is_late_where_no_slot_has_come(misfire: str) -> None:
    assert late_slots(FIVE_MINUTES, UNTIL, UNTIL + 299_999, Misfire.of("misfire", misfire)) == []


def test_a_moment_that_has_passed_is_one_late_slot() -> None:
    at = At(moment_ms=BEGAN)

    assert late_slots(at, 0, UNTIL, Misfire.of("misfire", "latest")) == [BEGAN]
    assert late_slots(at, 0, UNTIL, Misfire.of("misfire", "skip")) == []
    assert late_slots(at, BEGAN, UNTIL, Misfire.of("misfire", "latest")) == []


class CountedTimetable:
    """Counts how often the next slot is asked for."""

    def __init__(self, timetable: Slots) -> None:
        self.timetable = timetable
        self.asked = 0

    def next_after_ms(self, after_ms: int) -> int | None:
        self.asked += 1
        return self.timetable.next_after_ms(after_ms)


@pytest.mark.parametrize(
    ("timetable", "newest"),
    [
        (Every(interval_ms=1_000), ["2056-01-01T00:00:00Z", "2055-12-31T23:59:59Z", "2055-12-31T23:59:58Z"]),
        (Cron(expression="* * * * *"), ["2056-01-01T00:00Z", "2055-12-31T23:59Z", "2055-12-31T23:58Z"]),
        # A burst that ended long ago.
        (Cron(expression="* * 1 1 1 *"), ["2055-01-01T01:59:59Z", "2055-01-01T01:59:58Z", "2055-01-01T01:59:57Z"]),
    ],
)
def test_thirty_years_of_lateness_cost_a_bounded_number_of_steps(timetable: Slots, newest: list[str]) -> None:
    counted = CountedTimetable(timetable)

    late = late_slots(counted, in_ms("2026-01-01T00:00Z"), in_ms("2056-01-01T00:00Z"), Misfire.of("misfire", "all"))

    assert late[:-4:-1] == [in_ms(moment) for moment in newest]
    assert len(late) == 100
    assert counted.asked < 12_000


@pytest.mark.parametrize("text", ["skip", "latest", "all(max=100)", "all(max=36)"])
def test_it_is_said_as_it_is_written(text: str) -> None:
    assert Misfire.of("misfire", text).words() == text


@pytest.mark.parametrize("value", ["newest", "all(max=0)", "all(max=1001)", "all(max=-1)", "all()", 1, None])
def test_what_is_no_policy_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption, match=r"misfire=|max="):
        Misfire.of("misfire", value)
