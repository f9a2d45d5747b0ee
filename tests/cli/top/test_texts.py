"""Texts, numbers and times that fit into cells."""

import pytest

from redisched.cli.top.sparkline import BARS, sparkline
from redisched.cli.top.texts import coarse, compact, isolated, rate, steady


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (99_999, "99.9k"),
        (100_000, "100k"),
        (999_999, "999k"),
        (1_000_000, "1.0M"),
        (123_456_789, "123M"),
        (5_000_000_000, "5.0G"),
    ],
)
def test_a_count_needs_at_most_five_columns(number: int, shown: str) -> None:
    assert compact(number) == shown
    assert len(shown) <= 5


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0 ms"),
        (-5, "0 ms"),
        (850.4, "850 ms"),
        (1_000, "1.0 s"),
        (9_999, "9.9 s"),
        (12_700, "12 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (7_200_000, "2 h"),
        (100 * 86_400_000, "100 d"),
    ],
)
def test_a_duration_is_told_in_its_largest_unit(milliseconds: float, shown: str) -> None:
    assert coarse(milliseconds) == shown


@pytest.mark.parametrize(
    ("per_minute", "shown"),
    [(0, "0"), (0.04, "0.0"), (12.34, "12.3"), (250.6, "251"), (12_345, "12.3k")],
)
def test_a_rate_needs_at_most_five_columns(per_minute: float, shown: str) -> None:
    assert rate(per_minute) == shown


def test_a_steady_text_has_no_character_of_an_uncertain_width() -> None:
    assert steady("plain") == "plain"
    assert steady("\u65e5\u672c caf\u00e9") == "\u65e5\u672c caf\u00e9"
    assert steady("\u2600\ufe0f \u202e \u1160") == "\u2600\\ufe0f \\u202e \\u1160"


def test_writing_from_right_to_left_is_kept_apart() -> None:
    assert isolated("left") == "left"
    assert isolated("caf\u00e9") == "caf\u00e9"
    assert isolated("\u05e9\u05dc") == "\u2068\u05e9\u05dc\u2069"


def test_a_trend_is_as_high_as_its_highest_value_is() -> None:
    assert sparkline([0.0, 5.0, 10.0], 3) == BARS[0] + BARS[4] + BARS[7]
    assert sparkline([None, 3.0], 5) == " " + BARS[7]
    assert sparkline([0.0, 0.0], 2) == BARS[0] * 2
    assert sparkline([], 9) == ""
    assert sparkline([1.0], 0) == ""


def test_a_trend_that_is_too_long_shows_the_largest_of_neighbours() -> None:
    assert sparkline([1.0, 8.0, None, 2.0], 2) == BARS[7] + BARS[2]
