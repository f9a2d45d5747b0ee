"""The time from the first enqueue of a large backlog to its last ack, and the memory of the workers that drain it."""

from redisched.bench.draining import last_acked_ms
from redisched.bench.figures import Figures
from redisched.bench.fleet import fleet, spec_of
from redisched.bench.workbench import Workbench
from redisched.config import Until, WorkerSettings

PROCESSES = 2


def measure_million(workbench: Workbench) -> Figures:
    """Seconds to enqueue, seconds to enqueue and drain, and the peak memory of the largest worker process in MB.

    The processes are started before the first task is enqueued, and begin to work after the last one is.
    """
    tasks = workbench.scale.large_backlog
    with workbench.jobs() as jobs:
        spec = spec_of(workbench, jobs, WorkerSettings(until=Until.EMPTY))
        with fleet([spec] * PROCESSES) as workers:
            began_ms = workbench.server_us() / 1e3
            jobs.fill(jobs.noop, range(tasks))
            enqueued_ms = workbench.server_us() / 1e3
            for worker in workers:
                worker.go()
            peak_bytes = max([worker.wait_ended() for worker in workers])
        ended_ms = last_acked_ms(workbench, jobs.queue, tasks)
    return {
        "million": {
            "seconds": (ended_ms - began_ms) / 1e3,
            "enqueue_s": (enqueued_ms - began_ms) / 1e3,
            "worker_rss_mb": peak_bytes / 1e6,
        }
    }
