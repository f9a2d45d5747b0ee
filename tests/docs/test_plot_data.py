"""The plots show the kept measurements."""

import pytest

from docs.performance import plot_data
from docs.performance.plot_data import Bars, Plot, backlog_plot, latency_rates_plot, peers_plot, shards_plot

KEPT = {
    "backlog": {"points": [{"waiting": 10, "claim_us": 200.0}, {"waiting": 1_000, "claim_us": 210.0}]},
    "shards": {
        "points": [
            {"nodes": 1, "shards": 1, "drain_async_per_s": 24_000.0},
            {"nodes": 1, "shards": 12, "drain_async_per_s": 23_000.0},
            {"nodes": 3, "shards": 12, "drain_async_per_s": 22_000.0},
        ]
    },
    "latency": {
        "points": [
            {"round_trip_ms": 0.1, "enqueue_many_per_s": 80_000.0, "drain_sync_per_s": 9_000.0},
            {"round_trip_ms": 5.0, "enqueue_many_per_s": 20_000.0},
        ]
    },
    "peers": {
        "peers": {
            "rq": {"rounds": [{"drain_per_s": 100.0}, {"drain_per_s": 300.0}, {"drain_per_s": 200.0}]},
            "saq": {"rounds": [{"drain_per_s": 1_500.0}]},
        }
    },
}


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot_data, "read_kept", KEPT.__getitem__)


def test_a_line_goes_through_every_point() -> None:
    (line,) = backlog_plot().lines

    assert (line.x, line.y) == ([10, 1_000], [200.0, 210.0])


def test_shards_are_shown_by_their_number() -> None:
    lines = {line.label: line for line in shards_plot().lines}

    assert (lines["drain, async"].x, lines["drain, async"].y) == ([1, 12], [24_000.0, 23_000.0])
    assert lines["drain, async, 3 nodes"].y == [22_000.0]


def test_a_point_without_the_figure_is_left_out_of_its_line() -> None:
    lines = {line.label: line for line in latency_rates_plot().lines}

    assert lines["enqueue_many"].x == [0.1, 5.0]
    assert lines["drain, sync"].x == [0.1]
    assert lines["drain, async"].x == []


def test_peers_are_shown_with_their_medians_and_the_fastest_first() -> None:
    assert peers_plot().names == ["SAQ", "RQ"]
    assert peers_plot().values == [1_500.0, 200.0]


def test_every_plot_names_its_axes() -> None:
    for plot in (backlog_plot(), shards_plot(), latency_rates_plot(), peers_plot()):
        assert isinstance(plot, Plot | Bars)
        assert plot.title
        assert plot.x_label
