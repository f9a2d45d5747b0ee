"""How soon a task starts: an immediate one in an idle worker, and a delayed one after its time has come."""

import random
import time

from redisched.bench.fleet import WorkerSpec, fleet
from redisched.bench.percentile import percentile
from redisched.bench.workbench import Figures, Workbench
from redisched.config import WorkerSettings

_WARM_UP = 10
_SETTLING_S = 0.005
_AHEAD_S = 0.5


def measure_pickup(workbench: Workbench) -> Figures:
    """Milliseconds from the call that enqueues to the start of the handler, in another process that is idle."""
    chance = random.Random(1)
    taken_ms: list[float] = []
    with workbench.jobs() as jobs:
        spec = WorkerSpec(url=workbench.url, queue=jobs.queue, settings=WorkerSettings())
        with fleet(spec, processes=1) as (worker,):
            worker.go()
            for index in range(_WARM_UP + workbench.scale.picked_up):
                called_s = time.monotonic()
                jobs.rec.enqueue(index)
                (start,) = worker.starts(1)
                taken_ms.append((start.monotonic_s - called_s) * 1e3)
                # Until it is idle again, and out of step with every timer: there is nothing to wait on for that.
                time.sleep(_SETTLING_S * (1 + chance.random()))
    steady_ms = taken_ms[_WARM_UP:]
    return {"pickup_ms": {"p50": percentile(steady_ms, 50), "p99": percentile(steady_ms, 99)}}


def measure_lateness(workbench: Workbench) -> Figures:
    """Milliseconds from the time of a delayed task to its start, in a worker that has nothing else to do.

    Measured against the time of day here, which is the server's where it runs on this machine.
    """
    chance = random.Random(1)
    scale = workbench.scale
    with workbench.jobs() as jobs:
        spec = WorkerSpec(url=workbench.url, queue=jobs.queue, settings=WorkerSettings())
        with fleet(spec, processes=1) as (worker,):
            worker.go()
            jobs.rec.enqueue(0)
            list(worker.starts(1))
            first_ms = round((time.time() + _AHEAD_S) * 1e3)
            due_ms = [first_ms + round(chance.random() * scale.delayed_over_s * 1e3) for _ in range(scale.delayed)]
            jobs.app.enqueue_many(
                [jobs.rec.options(run_at=moment_ms / 1e3).request(index) for index, moment_ms in enumerate(due_ms)]
            )
            late_ms = [start.time_s * 1e3 - due_ms[start.task] for start in worker.starts(scale.delayed)]
    return {
        "late_ms": {
            "p50": percentile(late_ms, 50),
            "p99": percentile(late_ms, 99),
            "max": max(late_ms),
            "early": sum(late < 0 for late in late_ms),
        }
    }
