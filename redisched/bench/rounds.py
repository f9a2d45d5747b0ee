"""Combines several rounds: for each figure its median, and how far the rounds differ.

A ratio is computed within each round, from the floor of the same round, because the machine may have been slower in
another round.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from redisched.bench.catalogue import BROKEN_PROMISES, Row
from redisched.bench.figures import Figures, find, paths_of, put


class RoundSpread(NamedTuple):
    """A figure over all rounds: its typical, lowest and highest value, and the number of rounds."""

    typical: float
    lowest: float
    highest: float
    rounds: int


def spread_of(path: str, rounds: Sequence[Figures]) -> RoundSpread | None:
    """The spread of a figure over all rounds that have it; None if no round has it."""
    found = [find(path, figures) for figures in rounds]
    return _spread(path, [value for value in found if value is not None])


def ratio_of(row: Row, rounds: Sequence[Figures]) -> RoundSpread | None:
    """The spread of the ratio between a figure and the one it is measured beside, over all rounds that have both."""
    pairs = [(find(row.path, figures), find(row.beside, figures)) for figures in rounds]
    return _spread(row.path, [value / beside for value, beside in pairs if value is not None and beside])


def typical_figures(rounds: Sequence[Figures]) -> Figures:
    """The typical value of each figure over all rounds, in the form of a single round."""
    typical: Figures = {}
    for path in dict.fromkeys(path for figures in rounds for path in paths_of(figures)):
        spread = spread_of(path, rounds)
        if spread is not None:
            put(path, spread.typical, typical)
    return typical


def _spread(path: str, values: Sequence[float]) -> RoundSpread | None:
    if not values:
        return None
    typical = max(values) if path in BROKEN_PROMISES else median(values)
    return RoundSpread(typical, min(values), max(values), len(values))
