"""How soon tasks run in another process after their worker process was killed, with a supervisor as in production."""

import signal
import tempfile
from contextlib import closing
from pathlib import Path

from redisched.bench.connections import named, wait_idle
from redisched.bench.figures import Figures
from redisched.bench.held import FOLDER_VARIABLE, listen
from redisched.bench.percentile import p50_and_p99
from redisched.bench.supervised import supervised
from redisched.bench.takeover import TASKS, TIMEOUT_S, measure_takeover
from redisched.bench.workbench import Workbench
from redisched.config import URL_VARIABLE, WorkerSettings
from redisched.engine.environment import environment

PROCESSES = 2
_GRACE_S = 1.0


def measure_recovery(workbench: Workbench) -> Figures:
    """Milliseconds from `kill -9` of a worker process to the start of each of its tasks in another."""
    taken_ms: list[float] = []
    with workbench.jobs() as jobs, tempfile.TemporaryDirectory(prefix="redisched-bench-") as name:
        folder, worker = Path(name), f"redisched-{jobs.queue}"
        variables = {URL_VARIABLE: named(workbench.url, worker), FOLDER_VARIABLE: name}
        settings = WorkerSettings(processes=PROCESSES, queues=(jobs.queue,), grace_s=_GRACE_S, log_level="CRITICAL")
        with closing(listen(folder)) as receiver, environment(variables), supervised(settings):
            receiver.settimeout(TIMEOUT_S)
            for kill in range(workbench.scale.kills):
                wait_idle(workbench, [worker], PROCESSES)
                taken_ms += measure_takeover(
                    jobs, receiver, range(kill * TASKS, (kill + 1) * TASKS), signal.SIGKILL
                ).taken_ms
    return {"recovery_ms": p50_and_p99(taken_ms)}
