"""Cron expressions: what they mean, how they are said, and how a wrong one is refused."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redisched.errors import InvalidOption
from redisched.model import LARGEST_RUN_AT_MS
from redisched.timetable.cron import NICKNAMES, Cron
from redisched.timetable.timetable import from_record, next_slots
from tests.timetable.clocks import in_ms

NOW = in_ms("2026-11-29T12:00Z")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 3 * * *", ["2026-11-30T03:00Z", "2026-12-01T03:00Z"]),
        ("*/15 * * * *", ["2026-11-29T12:15Z", "2026-11-29T12:30Z"]),
        ("*/10 * * * * *", ["2026-11-29T12:00:10Z", "2026-11-29T12:00:20Z"]),
        ("0 9 * * mon-fri", ["2026-11-30T09:00Z", "2026-12-01T09:00Z"]),
        ("0 0 29 2 *", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]),
        ("0 0 L * *", ["2026-11-30T00:00Z", "2026-12-31T00:00Z"]),
        ("0 8 * * 5L", ["2026-12-25T08:00Z", "2027-01-29T08:00Z"]),
        ("@yearly", ["2027-01-01T00:00Z", "2028-01-01T00:00Z"]),
        ("@monthly", ["2026-12-01T00:00Z", "2027-01-01T00:00Z"]),
        ("@weekly", ["2026-12-06T00:00Z", "2026-12-13T00:00Z"]),
        ("@Daily", ["2026-11-30T00:00Z", "2026-12-01T00:00Z"]),
        ("@hourly", ["2026-11-29T13:00Z", "2026-11-29T14:00Z"]),
    ],
)
def test_the_next_slots(expression: str, expected: list[str]) -> None:
    assert next_slots(Cron(expression=expression), NOW, 2) == [in_ms(moment) for moment in expected]


@pytest.mark.parametrize(
    ("expression", "tz", "words"),
    [
        ("0 3 * * *", "Europe/Berlin", "at 03:00 every day, Berlin time"),
        ("0 9 * * MON-FRI", "America/Argentina/Buenos_Aires", "at 09:00 on Monday through Friday, Buenos Aires time"),
        ("*/10 * * * * *", "UTC", "every 10th second of every minute, UTC"),
        ("@hourly", "Etc/UTC", "at the start of every hour, UTC"),
        ("0 0 L * *", "Asia/Tokyo", "at 00:00 on the last day of every month, Tokyo time"),
        ("0 0 31 * 1", "UTC", "at 00:00 on the 31st day of month and on Monday, UTC"),
        ("*/22 * * * *", "UTC", "every 22nd minute of every hour, UTC"),
        ("11 0 11-13 * 1", "UTC", "at 00:11 on every day of month from 11 through 13 and on Monday, UTC"),
        ("0 0 11,12,13 * *", "UTC", "at 00:00 on the 11th, the 12th, and the 13th day of month, UTC"),
        ("*/90 * * * *", "UTC", "at the start of every hour, UTC"),
        ("5-20/30 */36 * * *", "UTC", "at 00:05 every day, UTC"),
        ("*/60 7/53 3/21 * * *", "UTC", "at 03:07 every day, UTC"),
        ("0 0 1 */12 *", "UTC", "at 00:00 on January 1, UTC"),
    ],
)
def test_it_is_said_in_words(expression: str, tz: str, words: str) -> None:
    assert Cron(expression=expression, tz=tz).words() == words


def test_equal_timetables_are_written_alike() -> None:
    assert Cron(expression=" 0  0 * * * ") == Cron(expression="@midnight") == Cron(expression="@daily")
    assert Cron(expression="0 9 * * mon") == Cron(expression="0 9 * * MON")
    assert Cron(expression="@daily", tz=ZoneInfo("Asia/Tokyo")).tz == "Asia/Tokyo"  # type: ignore[arg-type]
    assert Cron(expression="@daily", tz=UTC).tz == "UTC"  # type: ignore[arg-type]


@pytest.mark.parametrize("expression", [*NICKNAMES, "0 3 * * *", "*/10 * * * * *"])
def test_a_record_is_read_as_what_it_was(expression: str) -> None:
    cron = Cron(expression=expression, tz="Europe/Berlin")

    assert from_record(cron.as_record()) == cron


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("61 * * * *", "its minute is '61'; allowed are 0 to 59"),
        ("* 24 * * *", "its hour is '24'; allowed are 0 to 23"),
        ("* * 0 * *", "its day-of-month is '0'"),
        ("* * * 13 *", "its month is '13'"),
        ("* * * * FRIDAY", "its day-of-week is 'FRIDAY'"),
        ("* * * * 1#6", "its day-of-week is '1#6'"),
        ("60 * * * * *", "its second is '60'"),
        ("*/0 * * * *", "its minute is '\\*/0'"),
        ("1,,2 * * * *", "its minute is '1,,2'"),
        ("5-1 * * * *", "its minute is '5-1'"),
        ("0 0 30 2 *", "comes at least once in 50 years"),
        ("0 0 31 4,6,9,11 *", "comes at least once in 50 years"),
        ("* * */20 * 1L", "comes at least once in 50 years"),
        ("0 3 * *", "five fields"),
        ("0 0 3 * * * *", "five fields"),
        ("", "five fields"),
        ("@reboot", "no moment at which it is started"),
        ("@fortnightly", "@weekly"),
        ("٣ * * * *", "five fields"),
        ("9" * 600 + " * * * *", "five fields"),
        (None, "five fields"),
        (5, "five fields"),
    ],
)
def test_what_is_no_expression_is_refused(expression: object, why: str) -> None:
    with pytest.raises(InvalidOption, match=why):
        Cron(expression=expression)  # type: ignore[arg-type]


@given(st.lists(st.text("0123456789*/,-#LW?SUNMOFRI", min_size=1, max_size=8), min_size=5, max_size=6))
@settings(max_examples=100, deadline=None)
def test_any_text_is_an_expression_or_refused(fields: list[str]) -> None:
    try:
        cron = Cron(expression=" ".join(fields))
    except InvalidOption:
        return
    assert cron.words()
    first = cron.next_after_ms(NOW)
    assert first is None or first > NOW


def test_there_are_no_slots_at_the_end_of_time() -> None:
    cron = Cron(expression="* * * * *")

    assert cron.next_after_ms(LARGEST_RUN_AT_MS - 1) is None
    assert cron.next_after_ms(LARGEST_RUN_AT_MS * 10_000) is None
    assert cron.next_after_ms(-1) == 0
    assert cron.next_after_ms(-(10**18)) == 0
