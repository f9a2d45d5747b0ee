"""Durations and times are easy to read at every length."""

import pytest

from redisched.times import duration, exact, relative, relative_and_exact


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (12_340, "12.3 s"),
        (60_000, "1 min 0 s"),
        (303_000, "5 min 3 s"),
        (7_500_000, "2 h 5 min"),
        (273_600_000, "3 d 4 h"),
    ],
)
def test_durations_are_formatted(milliseconds: int, shown: str) -> None:
    assert duration(milliseconds) == shown


def test_times_are_formatted_as_before_or_after_now() -> None:
    assert relative(1_000, 6_000) == "5.0 s ago"
    assert relative(6_000, 1_000) == "in 5.0 s"


def test_exact_times_are_formatted_in_utc() -> None:
    assert exact(1_500) == "1970-01-01 00:00:01.500+00:00"
    assert relative_and_exact(1_500, 1_500) == "0 ms ago (1970-01-01 00:00:01.500+00:00)"
