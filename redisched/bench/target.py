"""The target of a figure: a bound on its value, or on its ratio to the figure that it is measured beside."""

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """On which side of the bound a figure must be."""

    AT_LEAST = ">="
    AT_MOST = "<="


class Measure(StrEnum):
    """Whether the value or the ratio is compared with the bound."""

    VALUE = "value"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure reaches or misses."""

    relation: Relation
    bound: float
    measure: Measure = Measure.VALUE

    def is_reached(self, value: float, ratio: float | None) -> bool | None:
        """Whether a figure is on the right side of the bound; None if the ratio is needed but unknown."""
        held = value if self.measure is Measure.VALUE else ratio
        if held is None:
            return None
        return held >= self.bound if self.relation is Relation.AT_LEAST else held <= self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:,g}{'x' if self.measure is Measure.RATIO else ''}"


def at_least(bound: float) -> Target:
    """A lower bound on the value, for figures where more is better."""
    return Target(Relation.AT_LEAST, bound)


def at_most(bound: float) -> Target:
    """An upper bound on the value, for figures where less is better."""
    return Target(Relation.AT_MOST, bound)


def at_least_times(bound: float) -> Target:
    """A lower bound on the ratio to the figure that this one is measured beside."""
    return Target(Relation.AT_LEAST, bound, Measure.RATIO)


def at_most_times(bound: float) -> Target:
    """An upper bound on the ratio to the figure that this one is measured beside."""
    return Target(Relation.AT_MOST, bound, Measure.RATIO)
