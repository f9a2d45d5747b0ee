"""How the figures of several rounds are combined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.bench.catalogue import Row
from redisched.bench.figures import Figures
from redisched.bench.rounds import RoundSpread, ratio_of, spread_of, typical_figures
from tests.bench.samples import rounds_of

SPEED = Row("speed", "speed", "/s", "floor.speed")

ROUNDS: list[Figures] = [
    {"speed": 50.0, "floor": {"speed": 100.0}},
    {"speed": 10.0, "floor": {"speed": 10.0}},
    {"speed": 30.0, "floor": {"speed": 300.0}},
]


def test_a_spread_has_the_median_the_lowest_and_the_highest_value() -> None:
    assert spread_of("speed", ROUNDS) == RoundSpread(30.0, 10.0, 50.0, 3)
    assert spread_of("floor.speed", ROUNDS) == RoundSpread(100.0, 10.0, 300.0, 3)


def test_a_ratio_is_computed_in_each_round_and_not_from_medians() -> None:
    assert ratio_of(SPEED, ROUNDS) == RoundSpread(0.5, 0.1, 1.0, 3)


def test_a_figure_measured_once_counts_as_one_round() -> None:
    once: Figures = {"memory": 100.0}

    assert spread_of("memory", [*ROUNDS, once]) == RoundSpread(100.0, 100.0, 100.0, 1)
    assert spread_of("speed", [*ROUNDS, once]) == spread_of("speed", ROUNDS)


def test_without_a_value_or_a_yardstick_there_is_no_spread_or_ratio() -> None:
    assert spread_of("speed", []) is None
    assert spread_of("speed.inner", ROUNDS) is None
    assert spread_of("floor", ROUNDS) is None
    assert ratio_of(SPEED, [{"speed": 1.0}]) is None
    assert ratio_of(SPEED, [{"speed": 1.0, "floor": {"speed": 0.0}}]) is None
    assert ratio_of(Row("speed", "speed", "/s"), ROUNDS) is None


@pytest.mark.parametrize("path", ["inversions", "late_ms.early"])
def test_a_broken_guarantee_in_one_round_is_not_hidden_by_the_median(path: str) -> None:
    assert spread_of(path, rounds_of(path, 0, 0, 1)) == RoundSpread(1.0, 0.0, 1.0, 3)


def test_typical_figures_have_the_form_of_a_round() -> None:
    assert typical_figures([*ROUNDS, {"memory": 7.0}]) == {"speed": 30.0, "floor": {"speed": 100.0}, "memory": 7.0}


@given(st.lists(st.floats(min_value=0.001, max_value=1e9), min_size=1))
def test_the_typical_value_is_between_the_lowest_and_the_highest(values: list[float]) -> None:
    spread = spread_of("speed", rounds_of("speed", *values))

    assert spread is not None
    assert spread.lowest <= spread.typical <= spread.highest
    assert spread.rounds == len(values)
