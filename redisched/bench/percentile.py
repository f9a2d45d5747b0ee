"""Percentiles by the nearest-rank method: every result is one of the measured values."""

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value such that at least `percent` (0 < percent <= 100) of all values are not larger.

    Raises ValueError if there are no values.
    """
    if not values:
        raise ValueError("a percentile of nothing")
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


def p50_and_p99(values: Sequence[float]) -> dict[str, float]:
    """The 50th and the 99th percentile. Raises ValueError if there are no values."""
    return {"p50": percentile(values, 50), "p99": percentile(values, 99)}
