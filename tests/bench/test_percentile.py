"""Percentiles by the nearest rank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.bench.percentile import percentile


@pytest.mark.parametrize(
    ("percent", "expected"), [(1, 1.0), (10, 1.0), (50, 5.0), (51, 6.0), (90, 9.0), (99, 10.0), (100, 10.0)]
)
def test_a_percentile_is_the_value_at_the_nearest_rank_above(percent: float, expected: float) -> None:
    assert percentile([10.0, 3.0, 1.0, 2.0, 5.0, 4.0, 9.0, 8.0, 7.0, 6.0], percent) == expected


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert percentile([0.7], 1) == percentile([0.7], 99) == 0.7


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


@given(
    values=st.lists(st.floats(allow_nan=False), min_size=1),
    percent=st.floats(min_value=0, max_value=100, exclude_min=True),
)
def test_a_percentile_is_a_measured_value_and_enough_values_do_not_exceed_it(
    values: list[float], percent: float
) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100
