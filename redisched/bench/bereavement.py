"""How long tasks wait for a start elsewhere once the process that runs them gets a signal."""

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
"""Enqueued before each signal; those of the process that gets it are waited for."""
PATIENCE_S = 60.0


class Bereavement(NamedTuple):
    """A process that got a signal, and how many milliseconds after that each of its tasks started elsewhere."""

    process: int
    taken_ms: list[float]


def bereave(jobs: Jobs, receiver: socket, tasks: range, number: signal.Signals) -> Bereavement:
    """Send a signal to the process that runs most of these tasks once all have started."""
    jobs.app.enqueue_many([jobs.app.request(HANDLER, task, queue=jobs.queue) for task in tasks])
    started = _receive_each(receiver, set(tasks))
    ((victim, _),) = Counter(start.process for start in started).most_common(1)
    sent_s = time.monotonic()
    os.kill(victim, number)
    again = _receive_each(receiver, {start.task for start in started if start.process == victim})
    return Bereavement(victim, [(start.monotonic_s - sent_s) * 1e3 for start in again])


def _receive_each(receiver: socket, tasks: set[int]) -> list[HeldStart]:
    """A start of each of these tasks; what else is heard is left of an earlier signal."""
    starts: list[HeldStart] = []
    while tasks:
        try:
            start = receive(receiver)
        except TimeoutError as error:
            raise MeasurementFailed(f"{len(tasks)} tasks did not start within {PATIENCE_S:g} s") from error
        if start.task in tasks:
            tasks.remove(start.task)
            starts.append(start)
    return starts
