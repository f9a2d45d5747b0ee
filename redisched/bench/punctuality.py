"""How soon a task starts in an idle worker: an immediate task, and a delayed task after its due time."""

import random
import time

from redisched.bench.clocks import server_ahead_s
from redisched.bench.delayed import enqueue_delayed, lateness_figures
from redisched.bench.figures import Figures
from redisched.bench.fleet import fleet, spec_of
from redisched.bench.percentile import p50_and_p99
from redisched.bench.workbench import Workbench

_WARM_UP = 10
_SETTLING_S = 0.005
_AFTER_S = 0.5


def measure_pickup(workbench: Workbench) -> Figures:
    """Milliseconds from the call that enqueues to the start of the handler, in another process that is idle."""
    chance = random.Random(1)
    taken_ms: list[float] = []
    with workbench.jobs() as jobs, fleet([spec_of(workbench, jobs)]) as (worker,):
        worker.go()
        for index in range(_WARM_UP + workbench.scale.picked_up):
            called_s = time.monotonic()
            jobs.rec.enqueue(index)
            taken_ms.append((worker.next_start().monotonic_s - called_s) * 1e3)
            # Sleep until the worker is idle again: no event reports that. The random part avoids the rhythm of timers.
            time.sleep(_SETTLING_S * (1 + chance.random()))
    steady_ms = taken_ms[_WARM_UP:]
    return {"pickup_ms": p50_and_p99(steady_ms)}


def measure_lateness(workbench: Workbench) -> Figures:
    """Milliseconds from the due time of a delayed task to its start, in a worker that has nothing else to do."""
    scale = workbench.scale
    ahead_s = server_ahead_s(workbench)
    with workbench.jobs() as jobs, fleet([spec_of(workbench, jobs)]) as (worker,):
        worker.go()
        jobs.rec.enqueue(scale.delayed)
        worker.next_start()
        delayed = enqueue_delayed(
            jobs, range(scale.delayed), server_ahead_s=ahead_s, after_s=_AFTER_S, over_s=scale.delayed_over_s
        )
        late_ms = delayed.late_ms(list(worker.starts(scale.delayed)))
    return {"late_ms": lateness_figures(late_ms)}
