"""Delays between attempts: they double, have a cap, and are never zero."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.backoff import Backoff

BACKOFF = Backoff(base_s=1.0, cap_s=60.0)


@pytest.mark.parametrize(("failures", "longest_s"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60)])
def test_a_delay_is_drawn_from_the_upper_half_of_a_value_that_doubles_with_every_failure(
    failures: int, longest_s: int
) -> None:
    assert BACKOFF.delay_s(failures, lambda: 0.0) == longest_s / 2
    assert BACKOFF.delay_s(failures, lambda: 1.0) == longest_s


@given(st.integers(1, 10**9), st.floats(0.0, 1.0, exclude_max=True))
def test_no_number_of_failures_exceeds_the_cap(failures: int, drawn: float) -> None:
    assert 0.5 <= BACKOFF.delay_s(failures, lambda: drawn) <= 60.0
