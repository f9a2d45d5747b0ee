"""Figures and differences as text."""

from redisched.bench.catalogue import rows
from redisched.bench.comparison import differences
from redisched.bench.report import comparison_lines, report_lines
from redisched.bench.results import Results
from redisched.bench.scale import Scale, scale_of
from tests.bench.samples import results, round_of, rounds_of


def lines_of(measured: Results) -> dict[str, tuple[str, ...]]:
    return {label: tuple(cells) for label, *cells in report_lines(measured)}


def test_a_figure_is_shown_beside_its_floor_and_its_target() -> None:
    lines = lines_of(results(round_of(50_000), round_of(55_000), round_of(70_000)))

    assert lines["enqueue_many"] == ("55,000/s", "50,000 - 70,000", "100,000", "0.55", ">= 0.6x", "missed")
    assert lines["floor: bare Lua, enqueue"] == ("100,000/s", "100,000 - 100,000", "", "", "", "")


def test_a_figure_measured_once_is_marked_as_such() -> None:
    lines = lines_of(results(round_of(50_000), round_of(55_000), once={"bytes_per_task": 155.0}))

    assert lines["memory per task, 1,000,000 waiting"] == ("155.0 bytes", "once", "", "", "<= 260", "reached")


def test_a_single_round_has_no_spread() -> None:
    assert lines_of(results(round_of(70_000)))["enqueue_many"][1] == ""


def test_a_small_scale_shows_targets_and_no_verdicts() -> None:
    lines = lines_of(results(round_of(70_000), scale=scale_of(50)))

    assert lines["enqueue_many"][-2:] == (">= 0.6x", "")


def test_a_ratio_that_is_unknown_has_no_verdict() -> None:
    assert lines_of(results({"enqueue_many_per_s": 70_000.0}))["enqueue_many"][-2:] == (">= 0.6x", "")


def test_zero_is_a_value_and_reaches_its_target() -> None:
    lines = lines_of(results(*rounds_of("late_ms.early", 0, 0)))

    assert lines["started early"] == ("0 tasks", "0 - 0", "", "", "<= 0", "reached")


def test_one_early_task_in_one_round_misses_the_target() -> None:
    lines = lines_of(results(*rounds_of("late_ms.early", 0, 1, 0)))

    assert lines["started early"] == ("1 tasks", "0 - 1", "", "", "<= 0", "missed")


def test_a_figure_that_was_not_measured_has_no_line() -> None:
    assert lines_of(results({"inversions": 0.0})).keys() == {"priority inversions"}


def test_a_difference_is_shown_with_both_values() -> None:
    first, second = results(round_of(50_000), round_of(51_000)), results(round_of(75_000), round_of(77_000))
    lines = {label: tuple(cells) for label, *cells in comparison_lines(differences(first, second))}

    assert lines["enqueue_many"] == ("50,500/s", "76,000/s", "1.50", "1.50", "better")
    assert lines["floor: bare Lua, enqueue"] == ("100,000/s", "100,000/s", "1.00", "", "within the spread")


def test_every_row_has_its_own_path_and_label() -> None:
    shown = rows(Scale())

    assert len({row.path for row in shown}) == len({row.label for row in shown}) == len(shown)


def test_every_yardstick_is_a_row() -> None:
    shown = rows(Scale())

    assert {row.beside for row in shown} - {""} <= {row.path for row in shown}
