"""How soon tasks run elsewhere after their worker process was killed, under a supervisor as in production."""

import logging
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import socket

from redisched.bench.connections import named, wait_idle
from redisched.bench.figures import Figures
from redisched.bench.held import FOLDER_VARIABLE, HANDLER, HeldStart, hear, listen
from redisched.bench.jobs import Jobs
from redisched.bench.percentile import percentile
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.config import URL_VARIABLE, WorkerSettings
from redisched.engine.supervisor import Supervisor

PROCESSES = 2
TASKS = 8
"""Held by the process that is killed: each is waited for."""
_APPLICATION = "redisched.bench.held:app"
_PATIENCE_S = 60.0
_GRACE_S = 1.0
_STOPPED_WITHIN_S = 10.0


def measure_recovery(workbench: Workbench) -> Figures:
    """Milliseconds from `kill -9` of a worker process to the start of each of its tasks in another."""
    taken_ms: list[float] = []
    with workbench.jobs() as jobs, tempfile.TemporaryDirectory(prefix="redisched-bench-") as name:
        folder, worker = Path(name), f"redisched-{jobs.queue}"
        variables = {URL_VARIABLE: named(workbench.url, worker), FOLDER_VARIABLE: name}
        with closing(listen(folder)) as ear, _environment(variables), _supervised(jobs.queue):
            ear.settimeout(_PATIENCE_S)
            for kill in range(workbench.scale.kills):
                wait_idle(workbench, [worker], PROCESSES)
                taken_ms += _kill_one(jobs, ear, range(kill * TASKS, (kill + 1) * TASKS))
    return {"recovery_ms": {"p50": percentile(taken_ms, 50), "p99": percentile(taken_ms, 99)}}


def _kill_one(jobs: Jobs, ear: socket, tasks: range) -> list[float]:
    """Kill the process that runs most of these tasks once all have started; answers how long each of its took."""
    jobs.app.enqueue_many([jobs.app.request(HANDLER, task, queue=jobs.queue) for task in tasks])
    started = _hear_each(ear, set(tasks))
    ((victim, _),) = Counter(start.process for start in started).most_common(1)
    killed_s = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    again = _hear_each(ear, {start.task for start in started if start.process == victim})
    return [(start.monotonic_s - killed_s) * 1e3 for start in again]


def _hear_each(ear: socket, tasks: set[int]) -> list[HeldStart]:
    """A start of each of these tasks; what else is heard is left of an earlier kill."""
    starts: list[HeldStart] = []
    while tasks:
        try:
            start = hear(ear)
        except TimeoutError as error:
            raise MeasurementFailed(f"{len(tasks)} tasks did not start within {_PATIENCE_S:g} s") from error
        if start.task in tasks:
            tasks.remove(start.task)
            starts.append(start)
    return starts


@contextmanager
def _supervised(queue: str) -> Iterator[None]:
    """A supervisor and its worker processes, which say nothing of those that are killed on purpose."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL + 1)
    supervisor = Supervisor(_APPLICATION, WorkerSettings(processes=PROCESSES, queues=(queue,), grace_s=_GRACE_S))
    thread = threading.Thread(target=supervisor.run, name="redisched-bench-supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        supervisor.stop()
        thread.join(_STOPPED_WITHIN_S)
        if thread.is_alive():
            supervisor.stop()
            thread.join()
        root.setLevel(level)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for the worker processes, and set them back."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
