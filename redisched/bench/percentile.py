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
