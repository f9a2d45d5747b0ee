"""`redisched bench` on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from redisched.bench.command import bench
from redisched.bench.phase import Phase
from redisched.bench.report import HEADINGS
from redisched.bench.results import to_json
from redisched.store.broker import connect
from tests.bench.samples import results, round_of
from tests.brokers import BrokerKind, Servers

pytestmark = pytest.mark.measured

SMALL = ("--tasks", "50", "--rounds", "2", "--only", "floor", "--only", "enqueue_many")


def run(*words: str) -> Result:
    return CliRunner().invoke(bench, words)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[str, str]:
    """The files of two measurements, the second of which is better."""
    paths = tmp_path / "first.json", tmp_path / "second.json"
    for path, per_s in zip(paths, (50_000.0, 75_000.0), strict=True):
        path.write_text(to_json(results(round_of(per_s), round_of(per_s + 1_000))))
    return str(paths[0]), str(paths[1])


def test_json_contains_the_requested_figures_and_every_round() -> None:
    answer = run("--json", *SMALL)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    about = {"spread", "ratios", "targets", "scale", "machine", "rounds", "once"}
    assert found.keys() == {"floor", "enqueue_many_per_s"} | about
    assert [figures.keys() for figures in found["rounds"]] == [{"floor", "enqueue_many_per_s"}] * 2


def test_lines_contain_the_figure_and_its_ratio_to_the_floor() -> None:
    answer = run(*SMALL)
    assert answer.exit_code == 0, answer.output
    lines = [line.split("\t") for line in answer.stdout.splitlines()]
    assert tuple(lines[0]) == HEADINGS
    assert [line[0] for line in lines[1:4]] == [
        "floor: bare Lua, enqueue",
        "floor: bare Lua, claim and ack",
        "enqueue_many",
    ]
    assert float(lines[3][4]) > 0
    assert lines[4][0].startswith("medians of 2 rounds, too small a scale to hold against the targets; Valkey")


def test_an_unknown_phase_is_refused_with_a_list_of_the_phases() -> None:
    answer = run("--only", "everything")
    assert answer.exit_code == 2
    assert "everything" in answer.output
    for phase in Phase:
        assert phase in answer.output


@pytest.mark.parametrize("option", ["--tasks", "--rounds"])
@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_an_invalid_number_is_refused(option: str, number: str) -> None:
    answer = run(option, number)
    assert answer.exit_code == 2
    assert option in answer.output


def test_a_profile_is_printed_and_written_to_a_file(tmp_path: Path) -> None:
    kept = tmp_path / "profile.txt"
    answer = run("--profile", str(kept), "--tasks", "50", "--only", "drain_async")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("Profile by `redisched bench`, 50 tasks, ")
    assert "drain_async: worker process" in answer.stdout
    assert kept.read_text() == answer.stdout


def test_a_profile_needs_no_file() -> None:
    answer = run("--tasks", "50", "--only", "enqueue_many", "--profile")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.count("enqueue_many: producer") == 1


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    answer = run("--profile", str(tmp_path / "missing" / "profile.txt"))
    assert answer.exit_code == 2
    assert "profile.txt" in answer.output


def test_a_profile_cannot_be_printed_as_json() -> None:
    answer = run("--json", "--profile", "-")
    assert answer.exit_code == 2
    assert "--json" in answer.output


def test_two_measurements_are_compared(kept: tuple[str, str]) -> None:
    answer = run("compare", *kept)
    assert answer.exit_code == 0, answer.output
    lines = [line.split("\t") for line in answer.stdout.splitlines()]
    assert lines[3] == ["enqueue_many", "50,500/s", "75,500/s", "1.50", "1.50", "better"]


def test_a_comparison_can_be_printed_as_json(kept: tuple[str, str]) -> None:
    answer = run("compare", "--json", *kept)
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)[-1] == {
        "figure": "enqueue_many_per_s",
        "first": 50_500,
        "second": 75_500,
        "factor": pytest.approx(1.495, abs=0.001),
        "factor_beside": pytest.approx(1.495, abs=0.001),
        "verdict": "better",
    }


def test_a_file_that_is_missing_is_refused(kept: tuple[str, str]) -> None:
    answer = run("compare", kept[0], "missing.json")
    assert answer.exit_code == 2
    assert "'missing.json' does not exist" in answer.output


@pytest.mark.parametrize("options", [("--tasks", "5"), ("--rounds", "1"), ("--json",), ("--only", "floor")])
def test_options_of_a_measurement_are_refused_in_a_comparison(options: tuple[str, ...], kept: tuple[str, str]) -> None:
    answer = run(*options, "compare", *kept)
    assert answer.exit_code == 2
    assert options[0] in answer.output


def test_a_queue_of_several_shards_is_measured_and_then_removed(servers: Servers) -> None:
    url = servers.url(BrokerKind.VALKEY)
    phases = [word for phase in ("enqueue_many", "drain_async", "redis_cpu") for word in ("--only", phase)]
    answer = run("--json", "--tasks", "200", "--rounds", "1", "--shards", "3", "--url", url, *phases)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["scale"]["shards"] == 3
    assert found["drain_async_per_s"] > 0
    assert connect(url, 5.0).client().perform(("KEYS", "redisched:*bench-*")) == []


def test_options_that_do_not_apply_to_several_shards_are_refused() -> None:
    answer = run("--shards", "3", "--only", "memory")
    assert answer.exit_code == 2
    assert "--shards is not for memory" in answer.output


def test_a_cluster_is_measured_node_by_node() -> None:
    answer = run("--json", "--tasks", "200", "--rounds", "1", "--shards", "3", "--nodes", "3", "--only", "redis_cpu")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["node_us_per_task"].keys() == {"1", "2", "3"}
    assert [*found["node_us_per_task"].values()] == sorted(found["node_us_per_task"].values(), reverse=True)
    assert sum(found["node_us_per_task"].values()) == pytest.approx(found["redis_us_per_task"])


@pytest.mark.parametrize("options", [("--only", "idle"), ("--url", "redis://localhost:6379")])
def test_phases_that_need_another_server_than_a_private_cluster_are_refused(options: tuple[str, str]) -> None:
    answer = run("--nodes", "3", *options)
    assert answer.exit_code == 2
    assert "--nodes" in answer.output


def test_idle_workers_of_several_shards_are_measured() -> None:
    answer = run("--json", "--tasks", "200", "--shards", "3", "--only", "idle")
    assert answer.exit_code == 0, answer.output
    # One connection for the listener of each shard, and more for concurrent calls, as of the reapers of all three, of
    # what says that the worker lives, and of what looks whether it makes progress.
    assert 3 + 1 <= json.loads(answer.stdout)["idle"]["connections_most"] <= 1 + 2 * 3 + 2
