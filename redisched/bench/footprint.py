"""How much memory a deployed worker takes: the supervisor, its worker process, and all other processes they start."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redisched.bench.figures import Figures
from redisched.bench.jobs import Jobs
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.config import URL_VARIABLE
from redisched.embedded.polling import poll_until
from redisched.engine.environment import environment

APPLICATION = "redisched.bench.deployed:app"
_DRAINED_WITHIN_S = 300.0
_STOPPED_WITHIN_S = 30.0


def measure_footprint(workbench: Workbench) -> Figures:
    """Proportional memory (Linux: PSS) in MB of a fleet with one worker process, after it has drained a queue.

    Memory that several processes share is divided among them.
    """
    with workbench.jobs() as jobs, environment({URL_VARIABLE: workbench.url}), _deployed(jobs) as supervisor:
        jobs.fill(jobs.noop, range(workbench.scale.tasks))
        if not poll_until(lambda: _ended(workbench, jobs) == workbench.scale.tasks, _DRAINED_WITHIN_S):
            raise MeasurementFailed(f"a worker process had not run all tasks after {_DRAINED_WITHIN_S:g} s")
        return {"fleet_mb": sum(_proportional_kb(process) for process in _family(supervisor)) / 1e3}


@contextmanager
def _deployed(jobs: Jobs) -> Iterator[int]:
    command = (sys.executable, "-m", "redisched", "worker", APPLICATION, "--processes", "1", "--queues", jobs.queue)
    process = subprocess.Popen((*command, "--log-level", "CRITICAL"))
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ended(workbench: Workbench, jobs: Jobs) -> int:
    ended = 0
    for store in workbench.stores(jobs.queue):
        count = workbench.command("HLEN", store.keys.outcomes)
        assert isinstance(count, int)
        ended += count
    return ended


def _family(process: int) -> Iterator[int]:
    """Yield the ids of a process and of all its descendants."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _proportional_kb(process: int) -> float:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    raise MeasurementFailed(f"the memory of process {process} cannot be read")
