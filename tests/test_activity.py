"""What workers count: numbers by index as text, histograms by powers of two, and percentiles of these."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.activity import (
    BUCKETS,
    LARGEST,
    RUNS,
    SIZE,
    WAIT_MS,
    WAITS,
    Activity,
    AttemptEnd,
    bucket_of,
    percentile_ms,
    total,
    upper_bound_ms,
)
from redisched.errors import Undecodable


@given(st.lists(st.integers(0, LARGEST), min_size=SIZE, max_size=SIZE))
def test_what_is_encoded_is_decoded(counts: list[int]) -> None:
    assert Activity.decode(Activity(counts).encode().encode()).counts == counts


def test_only_what_is_not_zero_is_stored() -> None:
    activity = Activity()
    activity.counts[AttemptEnd.FAILED] = 3
    activity.counts[WAIT_MS] = 120
    assert activity.encode() == "1=3 16=120"


def test_what_a_later_version_counts_is_left_out() -> None:
    assert Activity.decode(b"0=1 5000=7").counts == Activity.decode(b"0=1").counts


@pytest.mark.parametrize("text", [b"0", b"0=x", b"a=1", b"0=-1", b"-1=1", b"0=1:2", b"0=99999999999999999999"])
def test_other_text_is_refused(text: bytes) -> None:
    with pytest.raises(Undecodable):
        Activity.decode(text)


@given(st.integers(0, 2**60))
def test_each_duration_is_within_its_bucket(duration_ms: int) -> None:
    bucket = bucket_of(duration_ms)
    assert duration_ms < upper_bound_ms(bucket)
    assert bucket == 0 or duration_ms >= upper_bound_ms(bucket - 1)


@given(st.lists(st.integers(1, 10**9), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_at_most_by_a_factor_of_two_wrong(durations_ms: list[int], share: float) -> None:
    buckets = [0] * BUCKETS
    for duration_ms in durations_ms:
        buckets[bucket_of(duration_ms)] += 1
    exact_ms = sorted(durations_ms)[math.ceil(len(durations_ms) * share) - 1]

    found_ms = percentile_ms(buckets, share)

    assert found_ms is not None
    assert exact_ms / 2 <= found_ms <= exact_ms * 2


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile_ms([0] * BUCKETS, 0.95) is None


def test_the_total_has_all_of_each() -> None:
    first, second = Activity.decode(b"0=2 32=1"), Activity.decode(b"0=3 2=1 10=4 65=7")
    whole = total([first, second])
    assert (whole.number(AttemptEnd.SUCCEEDED), whole.ended) == (5, 10)
    assert (whole.waits[0], whole.runs[1]) == (1, 7)
    assert (WAITS, RUNS) == (32, 64)
