"""What a backlog costs: Redis memory per waiting task, and the time to claim one task."""

import time
from dataclasses import fields
from statistics import median

from redisched.bench.figures import Figures
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.config import WorkerSettings
from redisched.store.values import ClaimRequest, Release


def measure_memory(workbench: Workbench) -> Figures:
    """Bytes of Redis memory per waiting task, over all keys of its queue."""
    tasks = workbench.scale.large_backlog
    with workbench.jobs() as jobs:
        jobs.fill(jobs.rec, range(tasks))
        keys = workbench.store(jobs.queue).keys
        usage = [workbench.command("MEMORY", "USAGE", getattr(keys, key.name), "SAMPLES", 0) for key in fields(keys)]
    return {"bytes_per_task": sum(size for size in usage if isinstance(size, int)) / tasks}


def measure_claim(workbench: Workbench) -> Figures:
    """Median microseconds of the round trip that claims one task, from a small and from a large backlog."""
    small, large = workbench.scale.small_backlog, workbench.scale.large_backlog
    with workbench.jobs() as jobs:
        jobs.fill(jobs.rec, range(small))
        small_us = _claim_us(workbench, jobs.queue, "small")
        jobs.fill(jobs.rec, range(small, large))
        large_us = _claim_us(workbench, jobs.queue, "large")
    return {"claim_us": {str(small): small_us, str(large): large_us}}


def _claim_us(workbench: Workbench, queue: str, worker: str) -> float:
    """Median microseconds of a claim by a worker with one free slot. It has to be new: it numbers its claims from 0.

    Each task is released before the next claim, and that is not timed, so the backlog keeps its size.
    """
    store = workbench.store(queue)
    settings = WorkerSettings()
    taken_us: list[float] = []
    for number in range(workbench.scale.claims):
        request = ClaimRequest(
            worker=worker,
            nonce=str(number),
            limit=1,
            ahead_ms=round(settings.window_ms),
            ahead_limit=1,
            lease_ms=round(settings.lease_s * 1e3),
        )
        began_s = time.perf_counter()
        claim = workbench.run(store.claim(request))
        taken_us.append((time.perf_counter() - began_s) * 1e6)
        if not claim.leases:
            raise MeasurementFailed("nothing could be claimed from the backlog")
        workbench.run(store.release([Release(lease.id, lease.token, 0) for lease in claim.leases]))
    return median(taken_us)
