"""What the plots show: titles, axes and points, made of what is kept; drawing them is left to others."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from docs.performance.kept import read_kept
from docs.performance.peers.catalogue import ENTRIES
from redisched.bench.figures import find


class Scale(StrEnum):
    """How an axis is divided."""

    LINEAR = "linear"
    LOGARITHMIC = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points that belong together."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Lines over two axes."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    x_scale: Scale = Scale.LINEAR
    y_scale: Scale = Scale.LINEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A figure of each of several, side by side."""

    title: str
    x_label: str
    names: Sequence[str]
    values: Sequence[float]


def backlog_plot() -> Plot:
    """Claiming one task, by what waits."""
    return Plot(
        title="Claiming one task does not depend on how many wait",
        x_label="tasks that wait",
        y_label="round trip, us",
        lines=[_line("claim of one task", read_kept("backlog")["points"], "waiting", "claim_us")],
        x_scale=Scale.LOGARITHMIC,
    )


def processes_plot() -> Plot:
    """Drains, by the number of processes."""
    points = read_kept("processes")["points"]
    return Plot(
        title="Handlers that do nothing, on two cores that Redis shares",
        x_label="worker processes",
        y_label="tasks per second",
        lines=[_line("drained", points, "processes", "drain_per_s")],
    )


def shards_plot() -> Plot:
    """Tasks per second, by the number of shards, on one server and on a cluster."""
    by_nodes: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for point in read_kept("shards")["points"]:
        by_nodes[point["nodes"]].append(point)
    figures = {"enqueue_many": "enqueue_many_per_s", "drain, async": "drain_async_per_s"}
    return Plot(
        title="One queue over more shards",
        x_label="shards",
        y_label="tasks per second",
        lines=[
            _line(f"{label}, {nodes} nodes" if nodes > 1 else label, points, "shards", path)
            for label, path in figures.items()
            for nodes, points in by_nodes.items()
        ],
    )


def latency_rates_plot() -> Plot:
    """Tasks per second, by the round trip as it was measured."""
    points = read_kept("latency")["points"]
    figures = {
        "enqueue_many": "enqueue_many_per_s",
        "enqueue_async, 100 at once": "enqueue_async_per_s",
        "enqueue one by one": "enqueue_one_per_s",
        "drain, async": "drain_async_per_s",
        "drain, sync": "drain_sync_per_s",
    }
    return Plot(
        title="Rates over a longer way to Redis",
        x_label="round trip, ms",
        y_label="tasks per second",
        lines=[_line(label, points, "round_trip_ms", path) for label, path in figures.items()],
        x_scale=Scale.LOGARITHMIC,
        y_scale=Scale.LOGARITHMIC,
    )


def latency_times_plot() -> Plot:
    """How soon tasks start, by the round trip as it was measured."""
    points = read_kept("latency")["points"]
    figures = {
        "idle pick-up p50": "pickup_ms.p50",
        "idle pick-up p99": "pickup_ms.p99",
        "lateness p50": "late_ms.p50",
        "lateness p99": "late_ms.p99",
    }
    return Plot(
        title="Starts over a longer way to Redis",
        x_label="round trip, ms",
        y_label="ms",
        lines=[_line(label, points, "round_trip_ms", path) for label, path in figures.items()],
        x_scale=Scale.LOGARITHMIC,
        y_scale=Scale.LOGARITHMIC,
    )


def peers_plot() -> Bars:
    """Drains of redisched and its peers, the fastest first."""
    kept = read_kept("peers")["peers"]
    rates = {
        entry.title: median(figures["drain_per_s"] for figures in kept[entry.name]["rounds"])
        for entry in ENTRIES
        if entry.name in kept
    }
    names = sorted(rates, key=rates.__getitem__, reverse=True)
    return Bars(
        title="Drained by one worker process, handlers that do nothing",
        x_label="tasks per second",
        names=names,
        values=[rates[name] for name in names],
    )


PLOTS: Mapping[str, Callable[[], Plot | Bars]] = {
    "backlog": backlog_plot,
    "processes": processes_plot,
    "shards": shards_plot,
    "latency-rates": latency_rates_plot,
    "latency-starts": latency_times_plot,
    "peers": peers_plot,
}
"""By the name of the file."""


def _line(label: str, points: Sequence[dict[str, Any]], x_path: str, y_path: str) -> Line:
    """The points that have both."""
    pairs = [(find(x_path, point), find(y_path, point)) for point in points]
    whole = [(x, y) for x, y in pairs if x is not None and y is not None]
    return Line(label=label, x=[x for x, _ in whole], y=[y for _, y in whole])
