"""The start rate of a worker: how many tasks it starts per millisecond, of late."""

import pytest

from redisched.engine.start_rate import FADE_MS, StartRate


def test_the_rate_is_zero_at_first() -> None:
    assert StartRate().per_ms(123.0) == 0.0


def test_a_steady_rate_is_measured() -> None:
    rate = StartRate()
    for now_ms in range(500):
        rate.per_ms(float(now_ms))
        for _ in range(3):
            rate.count()

    assert rate.per_ms(500.0) == pytest.approx(3.0, rel=0.01)


def test_a_burst_counts_for_a_third_after_the_fading_time() -> None:
    rate = StartRate()
    for now_ms in range(1000):
        rate.per_ms(float(now_ms))
        rate.count()
    steady = rate.per_ms(1000.0)

    assert rate.per_ms(1000.0 + FADE_MS) == pytest.approx(steady / 2.718, rel=0.01)
    assert rate.per_ms(1000.0 + 20 * FADE_MS) == pytest.approx(0.0, abs=1e-6)


def test_reading_the_rate_does_not_change_it() -> None:
    rate = StartRate()
    rate.per_ms(0.0)
    for _ in range(10):
        rate.count()
        rate.per_ms(0.5)

    assert rate.per_ms(10.0) == pytest.approx((1 - 2.71828 ** (-10 / FADE_MS)) * 1.0, rel=0.01)


def test_the_rate_is_never_negative_even_if_the_clock_stands() -> None:
    rate = StartRate()
    rate.per_ms(10.0)
    rate.count()

    assert rate.per_ms(10.0) == 0.0
