"""How soon a task starts in a busy worker, which at the same time drains a full queue of less urgent tasks.

The first and the last of the less urgent tasks report their start. Only what happens between them is counted.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redisched.bench.clocks import server_ahead_s
from redisched.bench.delayed import enqueue_delayed, lateness_figures
from redisched.bench.figures import Figures
from redisched.bench.fleet import MeasuredWorker, fleet, spec_of
from redisched.bench.jobs import Jobs
from redisched.bench.percentile import p50_and_p99
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.model import Priority

_FIRST, _LAST, _OTHERS = 0, 1, 2
_FASTEST_PER_S = 50_000
"""No drain is expected to be faster. The delayed tasks are spread over such a drain, so they are due before its end."""
_PAUSE_S = 0.005


def measure_lateness_beside_drain(workbench: Workbench) -> Figures:
    """Milliseconds from the due time of a delayed task to its start, in a worker that drains less urgent tasks."""
    scale = workbench.scale
    drained_s = scale.background / _FASTEST_PER_S
    ahead_s = server_ahead_s(workbench)
    with workbench.jobs() as jobs, _drain(workbench, jobs) as worker:
        delayed = enqueue_delayed(
            jobs,
            range(_OTHERS, _OTHERS + scale.delayed_beside_drain),
            server_ahead_s=ahead_s,
            after_s=drained_s / 4,
            over_s=drained_s / 2,
            priority=Priority.HIGH,
        )
        starts = {start.task: start for start in worker.starts(1 + scale.delayed_beside_drain)}
    late_ms = delayed.late_ms([starts[task] for task in delayed.due_before(starts[_LAST])])
    if not late_ms:
        raise MeasurementFailed("the drain was over before the first delayed task fell due; take more --tasks")
    return {"late_beside_drain_ms": {**lateness_figures(late_ms), "tasks": len(late_ms)}}


def measure_urgent(workbench: Workbench) -> Figures:
    """Milliseconds from the call that enqueues an urgent task to its start, in a worker that drains less urgent ones.

    The urgent tasks are enqueued one after the other until the drain is over.
    """
    chance = random.Random(1)
    taken_ms: list[float] = []
    with workbench.jobs() as jobs, _drain(workbench, jobs) as worker:
        urgent = jobs.rec.options(priority=Priority.CRITICAL)
        while True:
            called_s = time.monotonic()
            urgent.enqueue(_OTHERS + len(taken_ms))
            start = worker.next_start()
            if start.task == _LAST:
                break
            taken_ms.append((start.monotonic_s - called_s) * 1e3)
            # A random pause, so that the enqueues do not fall into the rhythm of the worker's claims.
            time.sleep(_PAUSE_S * (1 + chance.random()))
    if not taken_ms:
        raise MeasurementFailed("the drain was over before an urgent task started; take more --tasks")
    return {"urgent_ms": {**p50_and_p99(taken_ms), "max": max(taken_ms)}}


@contextmanager
def _drain(workbench: Workbench, jobs: Jobs) -> Iterator[MeasuredWorker]:
    """A worker that is draining the queue: its first task has started, and the last will report its start."""
    telling, silent = jobs.rec.options(priority=Priority.LOW), jobs.noop.options(priority=Priority.LOW)
    telling.enqueue(_FIRST)
    jobs.fill(silent, range(workbench.scale.background))
    telling.enqueue(_LAST)
    with fleet([spec_of(workbench, jobs)]) as (worker,):
        worker.go().next_start()
        yield worker
