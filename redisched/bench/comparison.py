"""Compares two measurements figure by figure.

A difference is only significant if it is larger than the spread between the rounds of one measurement. A figure that is
measured beside another one is compared by the ratio of the two, because the machine may have been slower on one day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from redisched.bench.catalogue import Row, rows
from redisched.bench.results import Results
from redisched.bench.rounds import RoundSpread, ratio_of, spread_of


class Verdict(StrEnum):
    """Whether a difference is significant, and in which direction."""

    BETTER = "better"
    """Every round of the second is better than every round of the first."""
    WORSE = "worse"
    """Every round of the second is worse than every round of the first."""
    WITHIN_SPREAD = "within the spread"
    """The rounds of the two measurements overlap."""
    UNKNOWN = "measured once"
    """One of the two has only one round, so its spread is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure in two measurements. The factors are second divided by first, None if the first is 0.

    `factor_beside` compares the ratios to the figure that this one is measured beside; None if there is no such figure.
    """

    row: Row
    first: float
    second: float
    factor: float | None
    factor_beside: float | None
    verdict: Verdict

    def as_json(self) -> dict[str, float | str | None]:
        """The difference as a JSON object."""
        return {
            "figure": self.row.path,
            "first": self.first,
            "second": self.second,
            "factor": self.factor,
            "factor_beside": self.factor_beside,
            "verdict": self.verdict,
        }


def differences(first: Results, second: Results) -> Iterator[Difference]:
    """Yield the difference of every figure that both measurements have."""
    for row in rows(first.scale):
        one, other = spread_of(row.path, first.all_rounds), spread_of(row.path, second.all_rounds)
        one_ratio, other_ratio = ratio_of(row, first.all_rounds), ratio_of(row, second.all_rounds)
        if one is None or other is None:
            continue
        if one_ratio is None or other_ratio is None:
            factor_beside, verdict = None, _verdict(row, one, other)
        else:
            factor_beside, verdict = _factor(one_ratio, other_ratio), _verdict(row, one_ratio, other_ratio)
        yield Difference(
            row=row,
            first=one.typical,
            second=other.typical,
            factor=_factor(one, other),
            factor_beside=factor_beside,
            verdict=verdict,
        )


def _factor(one: RoundSpread, other: RoundSpread) -> float | None:
    return other.typical / one.typical if one.typical else None


def _verdict(row: Row, one: RoundSpread, other: RoundSpread) -> Verdict:
    if one.rounds == 1 or other.rounds == 1:
        return Verdict.UNKNOWN
    if one.lowest <= other.highest and other.lowest <= one.highest:
        return Verdict.WITHIN_SPREAD
    return Verdict.BETTER if (other.lowest > one.highest) == row.more_is_better else Verdict.WORSE
