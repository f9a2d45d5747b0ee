"""How soon tasks start while worker processes are replaced again and again, compared with processes that are not."""

import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from socket import socket

from redisched.bench.connections import named, wait_idle
from redisched.bench.figures import Figures
from redisched.bench.held import FOLDER_VARIABLE, STARTER, HeldStart, listen, receive
from redisched.bench.jobs import Jobs
from redisched.bench.percentile import p50_and_p99
from redisched.bench.supervised import supervised
from redisched.bench.takeover import TIMEOUT_S
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.config import URL_VARIABLE, WorkerSettings
from redisched.engine.environment import environment

PROCESSES = 2
EVERY_S = 0.002
"""The producer enqueues one task in this time."""
_WARM_UP = 50


def measure_replacing(workbench: Workbench) -> Figures:
    """Milliseconds from the call that enqueues to the start of the handler, without and with replacements."""
    scale = workbench.scale
    count = _WARM_UP + PROCESSES * scale.replaced_after * scale.replacements
    steady = _pickups(workbench, count, None)
    replacing = _pickups(workbench, count, scale.replaced_after)
    if scale.is_full and len({start.process for start, _ in replacing}) <= PROCESSES:
        raise MeasurementFailed("no process was replaced")
    return {
        "steady_pickup_ms": p50_and_p99([taken_ms for _, taken_ms in steady]),
        "replacing_pickup_ms": p50_and_p99([taken_ms for _, taken_ms in replacing]),
    }


def _pickups(workbench: Workbench, count: int, limit: int | None) -> list[tuple[HeldStart, float]]:
    """Each start, and after how many milliseconds it came."""
    with workbench.jobs() as jobs, tempfile.TemporaryDirectory(prefix="redisched-bench-") as name:
        worker = f"redisched-{jobs.queue}"
        settings = WorkerSettings(
            queues=(jobs.queue,), processes=PROCESSES, max_tasks_per_child=limit, log_level="CRITICAL"
        )
        variables = {URL_VARIABLE: named(workbench.url, worker), FOLDER_VARIABLE: name}
        with closing(listen(Path(name))) as receiver, environment(variables), supervised(settings):
            receiver.settimeout(TIMEOUT_S)
            wait_idle(workbench, [worker], PROCESSES)
            starts: list[HeldStart] = []
            # A socket holds few datagrams, and a full one would block the handlers.
            collector = threading.Thread(target=_collect, args=(receiver, starts, count), daemon=True)
            collector.start()
            called_s = _produce(jobs, count)
            collector.join()
    if len(starts) < count:
        raise MeasurementFailed(f"{count - len(starts)} tasks did not start within {TIMEOUT_S:g} s")
    return [(start, (start.monotonic_s - called_s[start.task]) * 1e3) for start in starts if start.task >= _WARM_UP]


def _produce(jobs: Jobs, count: int) -> list[float]:
    """Enqueue tasks at a steady pace; answers when each call began."""
    called_s: list[float] = []
    began_s = time.monotonic()
    for task in range(count):
        time.sleep(max(0.0, began_s + task * EVERY_S - time.monotonic()))
        called_s.append(time.monotonic())
        jobs.app.enqueue(STARTER, task, queue=jobs.queue)
    return called_s


def _collect(receiver: socket, starts: list[HeldStart], count: int) -> None:
    try:
        while len(starts) < count:
            starts.append(receive(receiver))
    except TimeoutError:
        return
