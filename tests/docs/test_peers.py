"""The comparison with peers, without installing one: the pure functions, and a round of redisched itself."""

import sys
from contextlib import closing
from pathlib import Path

import pytest

from docs.performance.peers.__main__ import added
from docs.performance.peers.catalogue import ENTRIES, Entry
from docs.performance.peers.environment import PeerNotInstalled, interpreter_of, versions_of
from docs.performance.peers.process import Stage
from docs.performance.peers.rounds import Amounts, drain_per_s, measure_round
from docs.performance.peers.runners.stage import Start, count_starts, read_starts, tell_start
from redisched.bench.scale import Scale
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.embedded import PrivateServer
from redisched.embedded.private import Transport
from redisched.store.broker import connect

pytestmark = pytest.mark.measured


def found(peers: dict[str, list[float]], load: float, left_out: dict[str, str] | None = None) -> dict[str, object]:
    return {
        "machine": {"date": str(load)},
        "floor": [{"enqueue_per_s": load}],
        "load": [{"before": load, "after": load}],
        "left_out": left_out or {},
        "peers": {name: {"versions": {}, "rounds": [{"drain_per_s": rate} for rate in r]} for name, r in peers.items()},
    }


def test_new_rounds_are_added_to_the_kept_ones() -> None:
    both = added(found({"rq": [1.0], "saq": [2.0]}, 0.1), found({"rq": [3.0], "arq": [4.0]}, 0.2))

    rates = {name: [figures["drain_per_s"] for figures in peer["rounds"]] for name, peer in both["peers"].items()}
    assert rates == {"rq": [1.0, 3.0], "saq": [2.0], "arq": [4.0]}
    assert [load["before"] for load in both["load"]] == [0.1, 0.2]
    assert both["machine"] == {"date": "0.2"}


def test_a_peer_left_out_in_one_round_is_named() -> None:
    both = added(found({}, 0.1, {"rq": "no wheel"}), found({"rq": [1.0]}, 0.2))

    assert both["left_out"] == {"rq": "no wheel"}


def test_a_drain_lasts_from_the_first_start_to_the_last_whatever_their_order() -> None:
    assert drain_per_s([Start(1, 10.5), Start(0, 10.0), Start(2, 11.0)]) == 2.0


def test_a_single_start_has_no_rate() -> None:
    with pytest.raises(MeasurementFailed):
        drain_per_s([Start(0, 1.0)])


def test_reported_starts_are_read_and_an_incomplete_entry_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "starts"
    monkeypatch.setenv("PEER_STARTS", str(path))
    monkeypatch.setattr("docs.performance.peers.runners.stage._opened", [])
    for task in (7, 8, 9):
        tell_start(task)
    with path.open("ab") as file:
        file.write(b"half")

    assert [start.task for start in read_starts(path)] == [7, 8, 9]
    assert [start.task for start in read_starts(path, first=1)] == [8, 9]
    assert count_starts(path) == 3


def test_every_peer_has_a_runner_and_a_pinned_version() -> None:
    for entry in ENTRIES:
        assert entry.runner.exists()
        assert entry.package in versions_of(entry)


def test_a_peer_that_cannot_be_installed_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "missing.txt").write_text(f"{tmp_path}/no-such-package\n")
    entry = Entry(name="missing", title="Missing", many="", setting="", safety="", folder=tmp_path)

    with pytest.raises(PeerNotInstalled, match=r"Missing is left out.*no-such-package"):
        interpreter_of(entry, tmp_path / "environments")


def test_a_peer_that_needs_a_newer_python_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "later.txt").write_text("later==1\n")
    entry = Entry(name="later", title="Later", many="", setting="", safety="", python="3.99", folder=tmp_path)

    with pytest.raises(PeerNotInstalled, match=r"it needs Python 3\.99"):
        interpreter_of(entry, tmp_path / "environments")


def test_a_round_measures_every_figure(tmp_path: Path) -> None:
    entry = ENTRIES[0]
    amounts = Amounts(one_by_one=20, many=20, trial=20, drain_s=0, picked_up=2, delayed=3, delayed_over_ms=100)
    with PrivateServer(transport=Transport.LOOPBACK) as server, closing(connect(server.url, 30.0)) as broker:
        interpreter = interpreter_of(entry, tmp_path)
        stage = Stage(entry=entry, interpreter=interpreter, url=server.url, starts=tmp_path / "starts")
        figures = measure_round(stage, Workbench(url=server.url, broker=broker, scale=Scale()), amounts)

    assert figures["drained"] == 20
    assert figures["started_again"] == 0
    assert all(value > 0 for name, value in figures.items() if isinstance(value, float) and name.endswith("_per_s"))
    rates = {"enqueue_per_s", "redis_us_per_enqueue", "enqueue_many_per_s", "drain_per_s"}
    assert figures.keys() >= rates | {"pick_up_ms", "late_ms"}


def test_the_error_of_a_failed_process_contains_its_output(tmp_path: Path) -> None:
    (tmp_path / "run_broken.py").write_text("raise SystemExit('it has no broker')")
    entry = Entry(name="broken", title="Broken", many="", setting="", safety="", folder=tmp_path)
    stage = Stage(entry=entry, interpreter=Path(sys.executable), url="redis://nowhere", starts=tmp_path / "starts")

    with pytest.raises(MeasurementFailed, match="it has no broker"):
        stage.measure("enqueue", 1)


def test_the_error_of_a_dead_worker_contains_its_last_output(tmp_path: Path) -> None:
    (tmp_path / "run_broken.py").write_text("raise SystemExit('it has no broker')")
    entry = Entry(name="broken", title="Broken", many="", setting="", safety="", folder=tmp_path)
    stage = Stage(entry=entry, interpreter=Path(sys.executable), url="redis://nowhere", starts=tmp_path / "starts")

    def measure_beside_worker() -> None:
        with stage.worker():
            stage.measure("enqueue", 1)

    with pytest.raises(MeasurementFailed, match="the worker of Broken ended: it has no broker"):
        measure_beside_worker()
