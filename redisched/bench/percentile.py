"""Percentiles by the nearest rank: every answer is a value that was measured."""

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` (above 0, to 100) of all values do not exceed.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("a percentile of nothing")
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


def p50_and_p99(values: Sequence[float]) -> dict[str, float]:
    """The two percentiles that are published together. Raises ValueError without values."""
    return {"p50": percentile(values, 50), "p99": percentile(values, 99)}
