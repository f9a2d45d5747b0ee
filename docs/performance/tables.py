"""The tables of docs/performance.md as Markdown, made of what is kept beside it and never written by hand."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from docs.performance.kept import DATA, read_kept
from docs.performance.peers.catalogue import ENTRIES, Entry
from redisched.bench.catalogue import rows
from redisched.bench.figures import find
from redisched.bench.phase import Phase
from redisched.bench.report import HEADINGS, report_lines
from redisched.bench.results import read_results

_EMPTY = "-"
_PHASE_OF = {
    "floor": Phase.FLOOR,
    "enqueue_one_client_per_s": Phase.ENQUEUE_ONE,
    "enqueue_one_per_s": Phase.ENQUEUE_ONE,
    "enqueue_many_per_s": Phase.ENQUEUE_MANY,
    "enqueue_async_per_s": Phase.ENQUEUE_ASYNC,
    "enqueue_async_alone_ms": Phase.ENQUEUE_ASYNC_ALONE,
    "drain_async_per_s": Phase.DRAIN_ASYNC,
    "drain_sync_per_s": Phase.DRAIN_SYNC,
    "drain_two_processes_per_s": Phase.DRAIN_TWO_PROCESSES,
    "inversions": Phase.INVERSIONS,
    "pickup_ms": Phase.PICKUP,
    "late_ms": Phase.LATENESS,
    "late_beside_drain_ms": Phase.LATENESS_BESIDE_DRAIN,
    "urgent_ms": Phase.URGENT,
    "redis_us_per_task": Phase.REDIS_CPU,
    "node_us_per_task": Phase.REDIS_CPU,
    "startup_ms": Phase.STARTUP,
    "enqueue_us": Phase.ENQUEUE_COST,
    "enqueue_least_us": Phase.ENQUEUE_COST,
    "fleet_mb": Phase.FOOTPRINT,
    "bytes_per_task": Phase.MEMORY,
    "claim_us": Phase.CLAIM,
    "million": Phase.MILLION,
    "recovery_ms": Phase.RECOVERY,
    "host_loss_ms": Phase.HOST_LOSS,
    "hand_back_ms": Phase.HAND_BACK,
    "steady_pickup_ms": Phase.REPLACING,
    "replacing_pickup_ms": Phase.REPLACING,
    "restart_ms": Phase.RESTART,
    "sentinel_failover_ms": Phase.SENTINEL_FAILOVER,
    "cluster_failover_ms": Phase.CLUSTER_FAILOVER,
    "idle": Phase.IDLE,
}


def table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    rule = ("---", *("---:" for _ in headings[1:]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *lines))


def phase_of(path: str) -> Phase:
    """The phase of the bench that measures a figure."""
    return _PHASE_OF[path.partition(".")[0]]


def bench_table() -> str:
    """What `redisched bench` measured, beside the targets, and the command that measures each figure alone."""
    results = read_results(DATA / "bench.json")
    phases = {row.label: phase_of(row.path) for row in rows(results.scale)}
    lines = [(*line, f"`redisched bench --only {phases[line[0]]}`") for line in report_lines(results)]
    return f"{_where(read_kept('bench'))}\n\n{table((*HEADINGS, 'command'), lines)}"


def steps_table() -> str:
    """Microseconds per task of each step, in the processes of redisched."""
    kept = read_kept("steps")
    ways = kept["ways"]
    steps = list(dict.fromkeys(step for way in ways.values() for step in way))
    steps.sort(key=lambda step: -sum(way.get(step, 0.0) for way in ways.values()))
    lines = [(step, *(_number(way.get(step), 1) for way in ways.values())) for step in steps]
    lines.append(("**together**", *(f"**{sum(way.values()):.1f}**" for way in ways.values())))
    return f"{_where(kept)}\n\n{table(('us per task', *(way.replace('_', ' ') for way in ways)), lines)}"


def redis_table() -> str:
    """Microseconds per task in each script, by the number of tasks in a call."""
    kept = read_kept("steps")["redis"]
    edges = list(next(iter(kept.values())))
    headings = ("us per task in Redis", *(f"{batch} in a call" for batch in kept))
    lines = [(edge, *(f"{found[edge]:.1f}" for found in kept.values())) for edge in edges]
    lines.append(("**together**", *(f"**{sum(found.values()):.1f}**" for found in kept.values())))
    return table(headings, lines)


def backlog_table() -> str:
    """What depends on the number of tasks that wait, and what does not."""
    kept = read_kept("backlog")
    lines = [
        (
            f"{point['waiting']:,}",
            _number(point["claim_us"], 0),
            _number(point["bytes_per_task"], 0),
            _number(point["drain_per_s"], 0),
        )
        for point in kept["points"]
    ]
    headings = ("waiting", "claim of one, us", "bytes per task", "drained by one process, /s")
    return f"{_where(kept)}\n\n{table(headings, lines)}"


def processes_table() -> str:
    """Drains by several processes."""
    kept = read_kept("processes")
    one = kept["points"][0]["drain_per_s"]
    lines = [
        (str(point["processes"]), _number(point["drain_per_s"], 0), f"{point['drain_per_s'] / one:.2f}")
        for point in kept["points"]
    ]
    return f"{_where(kept)}\n\n{table(('worker processes', 'drained, /s', 'by one process'), lines)}"


def shards_table() -> str:
    """Every figure for queues of several shards, on one server and on a cluster."""
    kept = read_kept("shards")
    points = kept["points"]
    most_nodes = max(point["nodes"] for point in points)
    headings = ("shards", *(_shards_of(point) for point in points))
    figures = (
        ("enqueue_many, /s", "enqueue_many_per_s", 0),
        ("drained, async, /s", "drain_async_per_s", 0),
        ("Redis CPU per task, us", "redis_us_per_task", 1),
        *(
            (f"of that on node {node}, busiest first", f"node_us_per_task.{node}", 1)
            for node in range(1, most_nodes + 1)
        ),
        ("idle pick-up p50, ms", "pickup_ms.p50", 2),
        ("idle pick-up p99, ms", "pickup_ms.p99", 2),
        ("urgent among less urgent in every shard p50, ms", "urgent_ms.p50", 0),
        ("urgent among less urgent in every shard p99, ms", "urgent_ms.p99", 0),
        ("urgent among less urgent in every shard, the worst, ms", "urgent_ms.max", 0),
        ("commands of an idle worker, per s", "idle.commands_per_s", 2),
        ("workers that an enqueue wakes", "idle.woken", 0),
    )
    return f"{_where(kept)}\n\n{table(headings, _side_by_side(figures, points))}"


def _shards_of(point: Mapping[str, Any]) -> str:
    return f"{point['shards']}, {point['nodes']} nodes" if point["nodes"] > 1 else str(point["shards"])


def latency_table() -> str:
    """Every figure over ways to Redis of several lengths."""
    kept = read_kept("latency")
    points = kept["points"]
    headings = ("", *(_way(point) for point in points))
    figures = (
        ("round trip as measured, ms", "round_trip_ms", 2),
        ("enqueue one by one, /s", "enqueue_one_per_s", 0),
        ("bare script calls, /s", "enqueue_one_client_per_s", 0),
        ("enqueue_many, /s", "enqueue_many_per_s", 0),
        ("enqueue_async, 100 at once, /s", "enqueue_async_per_s", 0),
        ("drained, async, /s", "drain_async_per_s", 0),
        ("drained, sync, /s", "drain_sync_per_s", 0),
        ("idle pick-up p50, ms", "pickup_ms.p50", 2),
        ("idle pick-up p99, ms", "pickup_ms.p99", 2),
        ("lateness p50, ms", "late_ms.p50", 2),
        ("lateness p99, ms", "late_ms.p99", 2),
    )
    return f"{_where(kept)}\n\n{table(headings, _side_by_side(figures, points))}"


def peers_table() -> str:
    """All peers side by side, and which settings they had."""
    kept = read_kept("peers")
    measured = [entry for entry in ENTRIES if entry.name in kept["peers"]]
    lines = [_peer_line(entry, kept["peers"][entry.name]) for entry in measured]
    headings = (
        "",
        "enqueue one by one /s",
        "many /s",
        "drained /s",
        "Redis CPU us per enqueue",
        "Redis CPU us per task",
        "idle pick-up p50/p99 ms",
        "lateness p50/p99 ms",
        "bytes per waiting task",
    )
    floor_many, floor_drain = (
        median(floor[name] for floor in kept["floor"]) for name in ("enqueue_per_s", "claim_ack_per_s")
    )
    lines.append(
        ("*bare Lua, batches of 100*", "", f"*{floor_many:,.0f}*", f"*{floor_drain:,.0f}*", "", "", "", "", "")
    )
    left_out = [f"Left out: {name}, {reason}." for name, reason in kept["left_out"].items()]
    settings = [(entry.title, entry.many or _EMPTY, entry.setting, entry.safety) for entry in measured]
    how = table(("", "enqueued many by", "setting", "a killed worker's tasks are"), settings)
    return "\n\n".join([_where(kept), table(headings, lines), *left_out, how])


TABLES: Mapping[str, Callable[[], str]] = {
    "steps": steps_table,
    "redis": redis_table,
    "backlog": backlog_table,
    "processes": processes_table,
    "shards": shards_table,
    "latency": latency_table,
    "bench": bench_table,
    "peers": peers_table,
}
"""By the name of the place in the page where each stands."""


def _side_by_side(figures: Sequence[tuple[str, str, int]], points: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """A line for each figure, with what it is at each point."""
    return [(label, *(_number(find(path, point), digits) for point in points)) for label, path, digits in figures]


def _peer_line(entry: Entry, peer: Mapping[str, Any]) -> tuple[str, ...]:
    found = peer["rounds"]

    def typical(path: str, digits: int) -> str:
        values = [value for figures in found if (value := find(path, figures)) is not None]
        return _number(median(values), digits) if values else _EMPTY

    early = sum(find("late_ms.early", figures) or 0 for figures in found)
    too_early = f", {early:.0f} too early" if early else ""
    return (
        f"{entry.title} {peer['versions'][entry.package]}",
        typical("enqueue_per_s", 0),
        typical("enqueue_many_per_s", 0),
        typical("drain_per_s", 0),
        typical("redis_us_per_enqueue", 0),
        typical("redis_us_per_task", 0),
        f"{typical('pick_up_ms.p50', 1)} / {typical('pick_up_ms.p99', 1)}",
        f"{typical('late_ms.p50', 1)} / {typical('late_ms.p99', 1)}{too_early}",
        typical("bytes_per_task", 0),
    )


def _where(kept: Mapping[str, Any]) -> str:
    """Where and when something was measured, and how busy the machine was; the floor, as far as it stands apart."""
    machine, loads = kept["machine"], _loads(kept)
    load = f"load {min(loads):.1f} to {max(loads):.1f}"
    parts = [f"{machine['server']}, Python {machine['python']}, {machine['cores']} cores, {machine['date'][:10]}", load]
    floor = kept.get("floor")
    if isinstance(floor, dict):
        parts.append(
            f"floor {floor['enqueue_per_s']:,.0f}/s enqueued, {floor['claim_ack_per_s']:,.0f}/s claimed and acked"
        )
    return f"*{'; '.join(parts)}.*"


def _loads(kept: Mapping[str, Any]) -> list[float]:
    load = kept["load"]
    return [moment for one in (load if isinstance(load, list) else [load]) for moment in one.values()]


def _way(point: Mapping[str, Any]) -> str:
    added_ms = point["added_ms"]
    if added_ms is None:
        return "direct"
    return f"proxy + {added_ms:g} ms" if added_ms else "proxy"


def _number(value: float | None, digits: int) -> str:
    return _EMPTY if value is None else f"{value:,.{digits}f}"
