"""One round of one peer: every measurement on an empty Redis, one after the other."""

import time
from dataclasses import dataclass

from docs.performance.peers.process import Stage
from docs.performance.peers.runners.stage import Start, count_starts, read_starts
from redisched.bench.figures import Figures
from redisched.bench.percentile import percentile
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.embedded.polling import poll_until

CLOCK_MS = 1.0
"""Redis and most peers keep times to the millisecond: less than one too early is none."""
_DRAINED_WITHIN_S = 120.0
_SETTLING_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How many tasks each measurement takes.

    A drain takes as many as are drained in `drain_s` at the pace of a `trial`, within bounds.
    """

    one_by_one: int = 3_000
    many: int = 10_000
    trial: int = 1_000
    drain_s: float = 3.0
    most_drained: int = 60_000
    picked_up: int = 60
    delayed: int = 200
    delayed_over_ms: int = 5_000


def measure_round(stage: Stage, workbench: Workbench, amounts: Amounts) -> Figures:
    """The figures of a peer. Raises MeasurementFailed."""
    began_us = _cpu_us(workbench)
    figures: Figures = {"enqueue_per_s": _enqueue(stage, workbench, "enqueue", amounts.one_by_one)}
    figures["redis_us_per_enqueue"] = (_cpu_us(workbench) - began_us) / amounts.one_by_one
    fill = "enqueue"
    if stage.entry.many:
        fill = "enqueue_many"
        figures["enqueue_many_per_s"] = _enqueue(stage, workbench, fill, amounts.many)
    trial_per_s = _drain(stage, workbench, fill, amounts.trial)["drain_per_s"]
    assert isinstance(trial_per_s, float)
    tasks = min(amounts.most_drained, max(amounts.trial, round(trial_per_s * amounts.drain_s)))
    figures |= _drain(stage, workbench, fill, tasks)
    return figures | _pick_up(stage, workbench, amounts) | _delayed(stage, workbench, amounts)


def drain_per_s(starts: list[Start]) -> float:
    """Tasks per second between the first start and the last. Raises MeasurementFailed for fewer than two."""
    if len(starts) < 2:
        raise MeasurementFailed("a drain of fewer than two tasks has no rate")
    moments_s = sorted(start.moment_s for start in starts)
    return (len(starts) - 1) / max(moments_s[-1] - moments_s[0], 1e-6)


def _enqueue(stage: Stage, workbench: Workbench, command: str, tasks: int) -> float:
    _empty(stage, workbench)
    per_s = stage.measure(command, tasks)
    assert isinstance(per_s, float)
    return per_s


def _drain(stage: Stage, workbench: Workbench, fill: str, tasks: int) -> Figures:
    _empty(stage, workbench)
    empty_bytes, began_us = _held_bytes(workbench), _cpu_us(workbench)
    stage.measure(fill, tasks)
    full_bytes = _held_bytes(workbench)
    with stage.worker():
        if not poll_until(lambda: count_starts(stage.starts) >= tasks, _DRAINED_WITHIN_S):
            started = f"of {tasks} tasks {count_starts(stage.starts)} started in {_DRAINED_WITHIN_S:g} s"
            raise MeasurementFailed(f"{stage.entry.title}: {started}")
        # Until it has told Redis how the last of them ended.
        time.sleep(_SETTLING_S)
        spent_us = _cpu_us(workbench) - began_us
    starts = read_starts(stage.starts)
    return {
        "drain_per_s": drain_per_s(starts),
        "drained": tasks,
        "started_again": len(starts) - tasks,
        "redis_us_per_task": spent_us / tasks,
        "bytes_per_task": (full_bytes - empty_bytes) / tasks,
    }


def _pick_up(stage: Stage, workbench: Workbench, amounts: Amounts) -> Figures:
    _empty(stage, workbench)
    with stage.worker():
        taken_ms = stage.measure("pick_up", amounts.picked_up)
    assert isinstance(taken_ms, list)
    return {"pick_up_ms": {"p50": percentile(taken_ms, 50), "p99": percentile(taken_ms, 99)}}


def _delayed(stage: Stage, workbench: Workbench, amounts: Amounts) -> Figures:
    _empty(stage, workbench)
    with stage.worker():
        # One task that starts at once tells that the worker is ready.
        stage.measure("pick_up", 1)
        stage.starts.write_bytes(b"")
        late_ms = stage.measure("delayed", amounts.delayed, amounts.delayed_over_ms)
    assert isinstance(late_ms, list)
    return {
        "late_ms": {
            "p50": percentile(late_ms, 50),
            "p99": percentile(late_ms, 99),
            "early": sum(late < -CLOCK_MS for late in late_ms),
        }
    }


def _empty(stage: Stage, workbench: Workbench) -> None:
    workbench.command("FLUSHALL", "SYNC")
    stage.starts.write_bytes(b"")
    workbench.settle()


def _cpu_us(workbench: Workbench) -> float:
    facts = workbench.facts("cpu")
    return (float(facts["used_cpu_user"]) + float(facts["used_cpu_sys"])) * 1e6


def _held_bytes(workbench: Workbench) -> int:
    """What the server holds, but for the buffers of clients and of the file it appends to."""
    facts = workbench.facts("memory")
    return int(facts["used_memory"]) - int(facts["mem_clients_normal"]) - int(facts["mem_aof_buffer"])
