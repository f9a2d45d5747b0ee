"""What a figure is meant to reach: a bound on its value, or on its ratio to what it is measured beside."""

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """On which side of its bound a figure has to be."""

    AT_LEAST = ">="
    AT_MOST = "<="


class Measure(StrEnum):
    """What of a figure is held against the bound."""

    VALUE = "value"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure reaches or misses."""

    relation: Relation
    bound: float
    measure: Measure = Measure.VALUE

    def is_reached(self, value: float, ratio: float | None) -> bool | None:
        """Whether a figure is on the right side of the bound; None where its ratio is unknown and needed."""
        held = value if self.measure is Measure.VALUE else ratio
        if held is None:
            return None
        return held >= self.bound if self.relation is Relation.AT_LEAST else held <= self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:,g}{'x' if self.measure is Measure.RATIO else ''}"


def at_least(bound: float) -> Target:
    """A target for what is better the more there is of it."""
    return Target(Relation.AT_LEAST, bound)


def at_most(bound: float) -> Target:
    """A target for what is better the less there is of it."""
    return Target(Relation.AT_MOST, bound)


def at_least_times(bound: float) -> Target:
    """A target for a multiple of what a figure is measured beside."""
    return Target(Relation.AT_LEAST, bound, Measure.RATIO)


def at_most_times(bound: float) -> Target:
    """A limit for a multiple of what a figure is measured beside."""
    return Target(Relation.AT_MOST, bound, Measure.RATIO)
