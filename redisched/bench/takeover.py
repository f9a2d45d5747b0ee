"""How long tasks wait until they start in another process after the process that runs them received a signal."""

import os
import signal
import time
from collections import Counter
from socket import socket
from typing import NamedTuple

from redisched.bench.held import HANDLER, HeldStart, receive
from redisched.bench.jobs import Jobs
from redisched.bench.workbench import MeasurementFailed

TASKS = 8
"""How many tasks are enqueued before each signal. The measurement waits for those that the signalled process runs."""
TIMEOUT_S = 60.0


class Takeover(NamedTuple):
    """A process that received a signal, and after how many milliseconds each of its tasks started elsewhere."""

    process: int
    taken_ms: list[float]


def measure_takeover(jobs: Jobs, receiver: socket, tasks: range, number: signal.Signals) -> Takeover:
    """Send a signal to the process that runs most of these tasks once all have started."""
    jobs.app.enqueue_many([jobs.app.request(HANDLER, task, queue=jobs.queue) for task in tasks])
    started = _receive_each(receiver, set(tasks))
    ((victim, _),) = Counter(start.process for start in started).most_common(1)
    sent_s = time.monotonic()
    os.kill(victim, number)
    again = _receive_each(receiver, {start.task for start in started if start.process == victim})
    return Takeover(victim, [(start.monotonic_s - sent_s) * 1e3 for start in again])


def _receive_each(receiver: socket, tasks: set[int]) -> list[HeldStart]:
    """Wait for one start of each of these tasks, and return them. Other reports are left from an earlier signal."""
    starts: list[HeldStart] = []
    while tasks:
        try:
            start = receive(receiver)
        except TimeoutError as error:
            raise MeasurementFailed(f"{len(tasks)} tasks did not start within {TIMEOUT_S:g} s") from error
        if start.task in tasks:
            tasks.remove(start.task)
            starts.append(start)
    return starts
