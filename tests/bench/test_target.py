"""Targets are reached or missed, exactly at their bound and on either side of it."""

import pytest

from redisched.bench.target import Target, at_least, at_least_times, at_most, at_most_times


@pytest.mark.parametrize(
    ("target", "value", "is_reached"),
    [
        (at_least(10), 10.0, True),
        (at_least(10), 9.9, False),
        (at_most(10), 10.0, True),
        (at_most(10), 10.1, False),
        (at_most(0), 0.0, True),
        (at_most(0), 1.0, False),
    ],
)
def test_a_value_is_compared_with_the_bound_whatever_its_ratio(target: Target, value: float, is_reached: bool) -> None:
    assert target.is_reached(value, None) is is_reached
    assert target.is_reached(value, 1e9) is is_reached


@pytest.mark.parametrize(
    ("target", "ratio", "is_reached"),
    [
        (at_least_times(0.6), 0.6, True),
        (at_least_times(0.6), 0.59, False),
        (at_most_times(1.2), 1.2, True),
        (at_most_times(1.2), 1.21, False),
    ],
)
def test_a_ratio_is_compared_with_the_bound_whatever_the_value(target: Target, ratio: float, is_reached: bool) -> None:
    assert target.is_reached(1e9, ratio) is is_reached


def test_an_unknown_ratio_neither_reaches_nor_misses_the_target() -> None:
    assert at_least_times(0.6).is_reached(1e9, None) is None


@pytest.mark.parametrize(
    ("target", "text"),
    [(at_least(30_000), ">= 30,000"), (at_most(0.7), "<= 0.7"), (at_least_times(1.15), ">= 1.15x")],
)
def test_a_target_is_shown_as_a_bound(target: Target, text: str) -> None:
    assert str(target) == text
