"""How fast tasks are enqueued in each of the possible ways. The time to build the requests is included."""

import asyncio
import time

from redisched.bench.figures import Figures
from redisched.bench.jobs import Jobs
from redisched.bench.percentile import p50_and_p99
from redisched.bench.workbench import Workbench

CALLERS = 100
_ROUNDS = 5


def measure_enqueue_one(workbench: Workbench) -> Figures:
    """Blocking calls per second, and calls per second of a plain loop with the same script and client, in turns."""
    per_round = -(-workbench.scale.enqueued_one_by_one // _ROUNDS)
    library_s = client_s = 0.0
    with workbench.jobs() as jobs:
        jobs.noop.enqueue(0)
        for _ in range(_ROUNDS):
            library_s += _enqueue_one_by_one(jobs, per_round)
            client_s += _call_bare(workbench, jobs, per_round)
    tasks = per_round * _ROUNDS
    return {"enqueue_one_per_s": tasks / library_s, "enqueue_one_client_per_s": tasks / client_s}


def _enqueue_one_by_one(jobs: Jobs, tasks: int) -> float:
    began_s = time.perf_counter()
    for index in range(tasks):
        jobs.noop.enqueue(index)
    return time.perf_counter() - began_s


def _call_bare(workbench: Workbench, jobs: Jobs, tasks: int) -> float:
    """Seconds to send the same commands as the library, built before the clock starts."""
    store = workbench.store(jobs.queue)
    # The first call is not timed: it finds out how scripts must be called on this server.
    workbench.run(store.enqueue([jobs.noop.request(0).task]))
    steps = [next(store.enqueue([jobs.noop.request(index).task])) for index in range(tasks)]
    calls = [step for step in steps if isinstance(step, tuple)]
    assert len(calls) == tasks
    perform = workbench.broker.client().perform
    began_s = time.perf_counter()
    for call in calls:
        perform(call)
    return time.perf_counter() - began_s


def measure_enqueue_many(workbench: Workbench) -> Figures:
    """Tasks per second, enqueued in one call."""
    with workbench.jobs() as jobs:
        jobs.noop.enqueue(0)
        began_s = time.perf_counter()
        jobs.app.enqueue_many([jobs.noop.request(index) for index in range(workbench.scale.tasks)])
        return {"enqueue_many_per_s": workbench.scale.tasks / (time.perf_counter() - began_s)}


def measure_enqueue_async(workbench: Workbench) -> Figures:
    """Tasks per second, enqueued by concurrent callers; each waits for its call to return."""
    with workbench.jobs() as jobs:
        return {"enqueue_async_per_s": asyncio.run(_call_concurrently(jobs, workbench.scale.tasks))}


async def _call_concurrently(jobs: Jobs, tasks: int) -> float:
    async def call(caller: int) -> None:
        for index in range(caller, tasks, CALLERS):
            await jobs.noop.enqueue_async(index)

    await jobs.noop.enqueue_async(0)
    began_s = time.perf_counter()
    await asyncio.gather(*(call(caller) for caller in range(CALLERS)))
    per_s = tasks / (time.perf_counter() - began_s)
    await jobs.app.close_async()
    return per_s


def measure_enqueue_async_alone(workbench: Workbench) -> Figures:
    """Milliseconds that one call takes, including building the request, without concurrent calls."""
    with workbench.jobs() as jobs:
        taken_ms = asyncio.run(_call_alone(jobs, workbench.scale.awaited_one_by_one))
    return {"enqueue_async_alone_ms": p50_and_p99(taken_ms)}


async def _call_alone(jobs: Jobs, tasks: int) -> list[float]:
    await jobs.noop.enqueue_async(0)
    taken_ms: list[float] = []
    for index in range(tasks):
        began_s = time.perf_counter()
        await jobs.noop.enqueue_async(index)
        taken_ms.append((time.perf_counter() - began_s) * 1e3)
    await jobs.app.close_async()
    return taken_ms
