"""How soon tasks run in another worker after theirs, which has no supervisor, was killed or was stopped cleanly."""

import asyncio
import logging
import multiprocessing
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from redisched.bench import held
from redisched.bench.connections import named, wait_idle
from redisched.bench.figures import Figures
from redisched.bench.percentile import p50_and_p99
from redisched.bench.takeover import TASKS, TIMEOUT_S, measure_takeover
from redisched.bench.workbench import Workbench
from redisched.config import URL_VARIABLE, WorkerSettings
from redisched.engine.environment import environment
from redisched.engine.worker import Worker

LEASE_S = 5.0
"""Lease of the workers whose host is lost. The default of 30 s would show the same, only later."""
WORKERS = 2


def measure_host_loss(workbench: Workbench) -> Figures:
    """Milliseconds from the kill of a worker without a supervisor to the start of each of its tasks in another one."""
    settings = WorkerSettings(lease_s=LEASE_S)
    return {"host_loss_ms": _departures(workbench, workbench.scale.host_losses, signal.SIGKILL, settings)}


def measure_hand_back(workbench: Workbench) -> Figures:
    """Milliseconds from SIGTERM to the start of each running task in another worker; the worker gives them no time."""
    settings = WorkerSettings(grace_s=0.0)
    return {"hand_back_ms": _departures(workbench, workbench.scale.stops, signal.SIGTERM, settings)}


def _departures(workbench: Workbench, count: int, number: signal.Signals, settings: WorkerSettings) -> dict[str, float]:
    taken_ms: list[float] = []
    with workbench.jobs() as jobs, tempfile.TemporaryDirectory(prefix="redisched-bench-") as name, ExitStack() as stack:
        worker = f"redisched-{jobs.queue}"
        receiver = stack.enter_context(closing(held.listen(Path(name))))
        receiver.settimeout(TIMEOUT_S)
        stack.enter_context(environment({URL_VARIABLE: named(workbench.url, worker), held.FOLDER_VARIABLE: name}))

        def begin() -> BaseProcess:
            return stack.enter_context(_worker(replace(settings, queues=(jobs.queue,))))

        workers = [begin() for _ in range(WORKERS)]
        for departure in range(count):
            wait_idle(workbench, [worker], WORKERS)
            tasks = range(departure * TASKS, (departure + 1) * TASKS)
            gone, waited_ms = measure_takeover(jobs, receiver, tasks, number)
            taken_ms += waited_ms
            workers = [process if process.pid != gone else begin() for process in workers]
    return p50_and_p99(taken_ms)


@contextmanager
def _worker(settings: WorkerSettings) -> Iterator[BaseProcess]:
    """A process with a worker for the application of `held.py`. It has ended when the context is left."""
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(settings,), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _serve(settings: WorkerSettings) -> None:
    # Without this, it would log each task that is taken back.
    logging.disable()
    asyncio.run(_work(settings))


async def _work(settings: WorkerSettings) -> None:
    worker = Worker(held.app, settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()
