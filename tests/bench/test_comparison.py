"""The comparison of two measurements."""

import pytest

from redisched.bench.comparison import Difference, Verdict, differences
from redisched.bench.figures import Figures
from redisched.bench.results import Results
from tests.bench.samples import results, round_of, rounds_of


def difference(path: str, first: Results, second: Results) -> Difference:
    (found,) = (found for found in differences(first, second) if found.row.path == path)
    return found


def test_a_figure_is_divided_by_the_earlier_one() -> None:
    found = difference("enqueue_many_per_s", results(round_of(50_000)), results(round_of(60_000)))

    assert (found.first, found.second, found.factor) == (50_000, 60_000, 1.2)


def test_a_slower_machine_does_not_count_as_a_slower_library() -> None:
    quick = results(round_of(60_000, 100_000), round_of(62_000, 100_000))
    slow = results(round_of(30_000, 50_000), round_of(31_000, 50_000))

    found = difference("enqueue_many_per_s", quick, slow)
    assert found.factor == pytest.approx(0.5)
    assert found.factor_beside == pytest.approx(1.0)
    assert found.verdict is Verdict.WITHIN_SPREAD
    assert difference("floor.enqueue_per_s", quick, slow).verdict is Verdict.WORSE


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        ((0.9, 1.0), Verdict.BETTER),
        ((1.9, 3.0), Verdict.WITHIN_SPREAD),
        ((2.1, 2.9), Verdict.WITHIN_SPREAD),
        ((1.0, 9.0), Verdict.WITHIN_SPREAD),
        ((3.1, 4.0), Verdict.WORSE),
    ],
)
def test_less_time_is_better_once_no_rounds_overlap(second: tuple[float, float], verdict: Verdict) -> None:
    was, is_now = results(*rounds_of("pickup_ms.p50", 2.0, 3.0)), results(*rounds_of("pickup_ms.p50", *second))

    assert difference("pickup_ms.p50", was, is_now).verdict is verdict


def test_a_higher_rate_is_better_once_no_rounds_overlap() -> None:
    first = results(round_of(50_000), round_of(52_000))

    assert (
        difference("enqueue_many_per_s", first, results(round_of(53_000), round_of(54_000))).verdict is Verdict.BETTER
    )
    assert difference("enqueue_many_per_s", first, results(round_of(48_000), round_of(49_000))).verdict is Verdict.WORSE
    assert difference("enqueue_many_per_s", first, first).verdict is Verdict.WITHIN_SPREAD


@pytest.mark.parametrize("figures", [{"bytes_per_task": 200.0}, {"recovery_ms": {"p99": 10.0}}])
def test_a_figure_measured_only_once_has_no_verdict(figures: Figures) -> None:
    (found,) = differences(results(once=figures), results(once=figures))

    assert found.verdict is Verdict.UNKNOWN
    assert found.factor == 1.0


def test_figures_of_only_one_measurement_are_left_out_and_zero_gives_no_factor() -> None:
    first = results({"inversions": 0.0, "enqueue_many_per_s": 1.0})
    (found,) = differences(first, results({"inversions": 3.0}))

    assert (found.row.path, found.factor, found.factor_beside) == ("inversions", None, None)
