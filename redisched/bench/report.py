"""Prints figures for people: each with its ratio to the floor of the same round, and with its target."""

from collections.abc import Iterable, Iterator

from redisched.bench.catalogue import Row, rows
from redisched.bench.comparison import Difference, differences
from redisched.bench.results import Results
from redisched.bench.rounds import RoundSpread, ratio_of, spread_of
from redisched.bench.table import print_table

HEADINGS = ("figure", "median", "lowest - highest", "beside", "ratio", "target", "verdict")
COMPARED = ("figure", "first", "second", "second / first", "of ratios", "verdict")


def print_report(results: Results) -> None:
    """Print the figures that were measured, how many rounds there were, and on which machine."""
    print_table(HEADINGS, list(report_lines(results)), f"{_rounds(results)}; {results.machine}")


def print_comparison(first: Results, second: Results) -> None:
    """Print the difference of each figure that both measurements have."""
    scales = "" if first.scale == second.scale else "measured at different scales; "
    print_table(
        COMPARED, list(comparison_lines(differences(first, second))), f"{scales}{first.machine} | {second.machine}"
    )


def comparison_lines(found: Iterable[Difference]) -> Iterator[tuple[str, ...]]:
    """Yield a table line for each difference: label, both values, the two factors, and the verdict."""
    for difference in found:
        row = difference.row
        yield (
            row.label,
            row.shown(difference.first),
            row.shown(difference.second),
            _times(difference.factor),
            _times(difference.factor_beside),
            difference.verdict,
        )


def report_lines(results: Results) -> Iterator[tuple[str, ...]]:
    """Yield a table line for each measured figure: label, median, spread, yardstick, ratio, target and verdict."""
    for row in rows(results.scale):
        value = spread_of(row.path, results.all_rounds)
        if value is not None:
            ratio = ratio_of(row, results.all_rounds)
            beside = spread_of(row.beside, results.all_rounds)
            yield (
                row.label,
                row.shown(value.typical),
                _extent(row, value, results),
                row.number(beside.typical) if beside else "",
                f"{ratio.typical:.2f}" if ratio else "",
                str(row.target or ""),
                _verdict(row, value, ratio) if results.scale.is_full else "",
            )


def _extent(row: Row, value: RoundSpread, results: Results) -> str:
    if value.rounds == 1:
        return "once" if len(results.rounds) > 1 else ""
    return f"{row.number(value.lowest)} - {row.number(value.highest)}"


def _verdict(row: Row, value: RoundSpread, ratio: RoundSpread | None) -> str:
    reached = row.target and row.target.is_reached(value.typical, ratio and ratio.typical)
    return {True: "reached", False: "missed"}.get(reached, "") if isinstance(reached, bool) else ""


def _times(factor: float | None) -> str:
    return "" if factor is None else f"{factor:.2f}"


def _rounds(results: Results) -> str:
    count = len(results.rounds)
    measured = f"medians of {count} rounds" if count > 1 else "one round"
    return measured if results.scale.is_full else f"{measured}, too small a scale to hold against the targets"
