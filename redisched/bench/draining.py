"""How fast a full queue is drained, how much CPU time that costs Redis, and whether the order of priorities is kept.

A drain is timed from the start of its first handler to the last ack. redisched stores both with the outcomes, by the
server's time, so the benchmark need not observe the drain, and the time to start processes is not included.
"""

import random

from redisched.bench.figures import Figures
from redisched.bench.fleet import fleet, spec_of
from redisched.bench.jobs import Jobs
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.client.handler import Handler
from redisched.codec import DIGEST_BYTES, decode_outcome
from redisched.config import Settings, Until, WorkerSettings
from redisched.handler_options import HandlerOptions
from redisched.model import BAND, Priority, kept_ms
from redisched.store.values import ForgetLimits

_FORGET_BATCH = 1_000


def measure_drain_async(workbench: Workbench) -> Figures:
    """Tasks per second through one process, with an async handler."""
    with workbench.jobs() as jobs:
        return {"drain_async_per_s": drain_per_s(workbench, jobs, jobs.noop, processes=1)}


def measure_drain_sync(workbench: Workbench) -> Figures:
    """Tasks per second through one process, with a sync handler in threads."""
    with workbench.jobs() as jobs:
        return {"drain_sync_per_s": drain_per_s(workbench, jobs, jobs.noop_sync, processes=1)}


def measure_drain_two_processes(workbench: Workbench) -> Figures:
    """Tasks per second through two processes, with an async handler."""
    with workbench.jobs() as jobs:
        return {"drain_two_processes_per_s": drain_per_s(workbench, jobs, jobs.noop, processes=2)}


def measure_redis_cpu(workbench: Workbench) -> Figures:
    """Microseconds of Redis' CPU per task, enqueued, run by one process, and forgotten after its retention.

    Of a cluster also those of each node, the busiest first.
    """
    with workbench.jobs() as jobs:
        stores = workbench.stores(jobs.queue)
        began_s = _cpu_s(workbench)
        _drain(workbench, jobs, jobs.noop, processes=1)
        drained_s = _cpu_s(workbench)
        # The retention is ended artificially; that is not part of redisched's cost.
        for store in stores:
            workbench.command("ZUNIONSTORE", store.keys.finished, 1, store.keys.finished, "WEIGHTS", 0)
        kept_s = _cpu_s(workbench)
        limits = ForgetLimits(limit=_FORGET_BATCH, dead_retention_ms=round(Settings().dead_retention_s * 1e3))
        for store in stores:
            while workbench.run(store.forget(limits)).tasks:
                pass
        forgot_s = _cpu_s(workbench)
    spent_us = [
        1e6 * (drained - began + forgot - kept) / workbench.scale.tasks
        for began, drained, kept, forgot in zip(began_s, drained_s, kept_s, forgot_s, strict=True)
    ]
    figures: Figures = {"redis_us_per_task": sum(spent_us)}
    if len(spent_us) > 1:
        figures["node_us_per_task"] = {str(number): us for number, us in enumerate(sorted(spent_us, reverse=True), 1)}
    return figures


def measure_inversions(workbench: Workbench) -> Figures:
    """How many tasks started while a more urgent one waited. All are due before one process with one slot starts."""
    chance = random.Random(1)
    priorities = [chance.choice(list(Priority)) for _ in range(workbench.scale.prioritised)]
    settings = WorkerSettings(until=Until.EMPTY, concurrency=1)
    with workbench.jobs() as jobs:
        producers = {priority: jobs.rec.options(priority=priority) for priority in Priority}
        jobs.app.enqueue_many([producers[priority].request(index) for index, priority in enumerate(priorities)])
        with fleet([spec_of(workbench, jobs, settings)]) as (worker,):
            started = [priorities[start.task] for start in worker.go().starts(len(priorities))]
    return {"inversions": inversions(started)}


def inversions(started: list[Priority]) -> int:
    """How many of these tasks, given in the order they started, have a more urgent task after them."""
    count = 0
    most_urgent_later = max(Priority)
    for priority in reversed(started):
        count += most_urgent_later < priority
        most_urgent_later = min(most_urgent_later, priority)
    return count


def last_acked_ms(workbench: Workbench, queue: str, tasks: int) -> int:
    """When the last of the tasks was acked, by the server's time. Raises MeasurementFailed if not all were acked."""
    latest: list[int] = []
    ended = 0
    for store in workbench.stores(queue):
        last = workbench.command("ZRANGE", store.keys.finished, -1, -1, "WITHSCORES")
        of_shard = workbench.command("HLEN", store.keys.outcomes)
        assert isinstance(last, list)
        assert isinstance(of_shard, int)
        latest += (int(score) % BAND for score in last[1:])
        ended += of_shard
    if ended != tasks:
        raise MeasurementFailed(f"of {tasks} tasks {ended} ended")
    return max(latest) - kept_ms(HandlerOptions().retention_ms)


def drain_per_s(workbench: Workbench, jobs: Jobs, handler: Handler[[int], None], processes: int) -> float:
    """Tasks per second when a full queue is drained by the given number of processes."""
    _drain(workbench, jobs, handler, processes)
    tasks = workbench.scale.tasks
    began_ms: list[int] = []
    for store in workbench.stores(jobs.queue):
        kept = workbench.command("HVALS", store.keys.outcomes)
        assert isinstance(kept, list)
        began_ms += map(_started_ms, kept)
    lasted_ms = last_acked_ms(workbench, jobs.queue, tasks) - min(began_ms)
    # At least 1 ms, because both times are known only to the millisecond.
    return tasks / max(1, lasted_ms) * 1e3


def _drain(workbench: Workbench, jobs: Jobs, handler: Handler[[int], None], processes: int) -> None:
    jobs.enqueue(handler, range(workbench.scale.tasks))
    spec = spec_of(workbench, jobs, WorkerSettings(until=Until.EMPTY))
    with fleet([spec] * processes) as workers:
        for worker in workers:
            worker.go()
        for worker in workers:
            worker.wait_ended()


def _started_ms(kept: bytes) -> int:
    _token, _space, outcome = kept.partition(b" ")
    return decode_outcome(outcome[DIGEST_BYTES:]).started_ms


def _cpu_s(workbench: Workbench) -> list[float]:
    """The CPU time in seconds that each node has used so far."""
    return [float(facts["used_cpu_user"]) + float(facts["used_cpu_sys"]) for facts in workbench.facts_of_nodes("cpu")]
