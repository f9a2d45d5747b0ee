"""The tables show the kept measurements."""

from typing import Any

import pytest

from docs.performance import tables
from docs.performance.tables import peers_table, phase_of, processes_table, redis_table, shards_table, table
from redisched.bench.catalogue import rows
from redisched.bench.scale import Scale

MACHINE = {"server": "Valkey 9.1.2", "python": "3.11.7", "cores": 2, "date": "2026-11-21T08:00:00+00:00"}
FLOOR = {"enqueue_per_s": 100_000.0, "claim_ack_per_s": 50_000.0}
KEPT: dict[str, dict[str, Any]] = {
    "processes": {
        "points": [{"processes": 1, "drain_per_s": 20_000.0}, {"processes": 2, "drain_per_s": 25_000.0}],
        "floor": FLOOR,
        "machine": MACHINE,
        "load": {"before": 0.5, "after": 1.5},
    },
    "shards": {
        "points": [
            {"nodes": 1, "shards": 1, "urgent_ms": {"p50": 15.2}},
            {"nodes": 3, "shards": 12, "redis_us_per_task": 41.25, "node_us_per_task": {"3": 13.5}},
        ],
        "floor": FLOOR,
        "machine": MACHINE,
        "load": {"before": 0.5, "after": 1.5},
    },
    "steps": {"redis": {"1": {"enqueue": 30.0, "claim": 60.0}, "100": {"enqueue": 5.0, "claim": 6.0}}},
    "peers": {
        "peers": {
            "celery": {
                "versions": {"celery": "5.7.0"},
                "rounds": [
                    {"enqueue_per_s": rate, "drain_per_s": rate, "pick_up_ms": {"p50": 2.0, "p99": 9.0}}
                    for rate in (900.0, 1_100.0, 1_000.0)
                ],
            }
        },
        "floor": [FLOOR],
        "machine": MACHINE,
        "load": [{"before": 0.5, "after": 1.0}, {"before": 0.2, "after": 2.0}],
        "left_out": {"arq": "there is no wheel"},
    },
}


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "read_kept", KEPT.__getitem__)


def test_figures_are_aligned_to_the_right() -> None:
    assert table(("a", "b"), [("x", "1")]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_a_table_names_its_machine_and_the_load_of_it() -> None:
    assert processes_table().startswith(
        "*Valkey 9.1.2, Python 3.11.7, 2 cores, 2026-11-21; load 0.5 to 1.5; "
        "floor 100,000/s enqueued, 50,000/s claimed and acked.*"
    )


def test_several_processes_are_compared_with_one() -> None:
    assert "| 2 | 25,000 | 1.25 |" in processes_table()


def test_shards_are_shown_side_by_side_and_a_missing_figure_is_a_dash() -> None:
    assert "| shards | 1 | 12, 3 nodes |" in shards_table()
    assert "| urgent among less urgent in every shard p50, ms | 15 | - |" in shards_table()
    assert "| Redis CPU per task, us | - | 41.2 |" in shards_table()
    assert "| of that on node 3, busiest first | - | 13.5 |" in shards_table()


def test_the_times_of_the_edges_are_added_up() -> None:
    assert "| **together** | **90.0** | **11.0** |" in redis_table()


def test_a_peer_is_shown_with_version_and_medians_and_a_missing_figure_is_a_dash() -> None:
    assert "| Celery 5.7.0 | 1,000 | - | 1,000 | - | - | 2.0 / 9.0 | - / - | - |" in peers_table()


def test_early_starts_are_counted_over_all_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    late_ms = {"p50": 300.0, "p99": 900.0}
    rounds = [{"late_ms": {**late_ms, "early": early}} for early in (28.0, 0.0, 60.0)]
    celery = {"versions": {"celery": "5.7.0"}, "rounds": rounds}
    monkeypatch.setitem(KEPT, "peers", {**KEPT["peers"], "peers": {"celery": celery}})

    assert "| 300.0 / 900.0, 88 too early |" in peers_table()


def test_the_floor_is_the_row_below_the_peers() -> None:
    assert "| *bare Lua, batches of 100* |  | *100,000* | *50,000* |" in peers_table()


def test_the_shown_load_covers_all_runs() -> None:
    assert "load 0.2 to 2.0" in peers_table()


def test_a_peer_that_was_left_out_is_named_with_the_reason() -> None:
    assert "Left out: arq, there is no wheel." in peers_table()


def test_every_figure_of_the_bench_has_a_command() -> None:
    assert all(phase_of(row.path) for row in rows(Scale()))
