"""`redisched bench` as it is typed."""

import json

import pytest
from click.testing import CliRunner

from redisched.bench.command import bench
from redisched.bench.phase import Phase
from redisched.bench.report import ROWS, report_lines

FIGURES = {
    "floor": {"enqueue_per_s": 100_000.0, "claim_ack_per_s": 80_000.0},
    "enqueue_many_per_s": 60_000.0,
    "late_ms": {"p50": 0.5, "p99": 1.25, "max": 3.0, "early": 0},
    "inversions": 0,
}


def test_json_holds_the_figures_that_were_asked_for() -> None:
    answer = CliRunner().invoke(bench, ["--json", "--tasks", "50", "--only", "floor", "--only", "enqueue_many"])
    assert answer.exit_code == 0, answer.output
    figures = json.loads(answer.stdout)
    assert figures.keys() == {"floor", "enqueue_many_per_s", "machine"}


def test_lines_hold_figure_value_floor_and_ratio() -> None:
    answer = CliRunner().invoke(bench, ["--tasks", "50", "--only", "floor", "--only", "enqueue_many"])
    assert answer.exit_code == 0, answer.output
    lines = [line.split("\t") for line in answer.stdout.splitlines()]
    assert lines[0] == ["figure", "value", "floor", "ratio"]
    assert [line[0] for line in lines[1:4]] == [
        "floor: bare Lua, enqueue",
        "floor: bare Lua, claim and ack",
        "enqueue_many",
    ]
    assert float(lines[3][3]) > 0


def test_an_unknown_phase_is_refused_with_the_phases_there_are() -> None:
    answer = CliRunner().invoke(bench, ["--only", "everything"])
    assert answer.exit_code == 2
    assert "everything" in answer.output
    for phase in Phase:
        assert phase in answer.output


@pytest.mark.parametrize("tasks", ["0", "-1", "many"])
def test_a_number_of_tasks_that_is_none_is_refused(tasks: str) -> None:
    answer = CliRunner().invoke(bench, ["--tasks", tasks])
    assert answer.exit_code == 2
    assert "--tasks" in answer.output


def test_a_figure_stands_beside_its_floor() -> None:
    lines = {line[0]: line[1:] for line in report_lines(FIGURES)}
    assert lines["enqueue_many"] == ("60,000/s", "100,000/s", "0.60")
    assert lines["lateness p99"] == ("1.250 ms", "", "")
    assert lines["started early"] == ("0 tasks", "", "")
    assert "drain, 1 process, async" not in lines


def test_every_row_has_a_place_and_a_label_of_its_own() -> None:
    assert len({row.path for row in ROWS}) == len({row.label for row in ROWS}) == len(ROWS)
