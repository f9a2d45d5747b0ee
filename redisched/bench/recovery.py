"""How soon tasks run in another process after their worker process was killed, with a supervisor as in production."""

import logging
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from redisched.bench.connections import named, wait_idle
from redisched.bench.figures import Figures
from redisched.bench.held import FOLDER_VARIABLE, listen
from redisched.bench.percentile import p50_and_p99
from redisched.bench.takeover import TASKS, TIMEOUT_S, measure_takeover
from redisched.bench.workbench import Workbench
from redisched.config import URL_VARIABLE, WorkerSettings
from redisched.engine.child_spec import Work
from redisched.engine.environment import environment
from redisched.engine.supervisor import Supervisor

PROCESSES = 2
_APPLICATION = "redisched.bench.held:app"
_GRACE_S = 1.0
_STOPPED_WITHIN_S = 10.0


def measure_recovery(workbench: Workbench) -> Figures:
    """Milliseconds from `kill -9` of a worker process to the start of each of its tasks in another."""
    taken_ms: list[float] = []
    with workbench.jobs() as jobs, tempfile.TemporaryDirectory(prefix="redisched-bench-") as name:
        folder, worker = Path(name), f"redisched-{jobs.queue}"
        variables = {URL_VARIABLE: named(workbench.url, worker), FOLDER_VARIABLE: name}
        with closing(listen(folder)) as receiver, environment(variables), _supervised(jobs.queue):
            receiver.settimeout(TIMEOUT_S)
            for kill in range(workbench.scale.kills):
                wait_idle(workbench, [worker], PROCESSES)
                taken_ms += measure_takeover(
                    jobs, receiver, range(kill * TASKS, (kill + 1) * TASKS), signal.SIGKILL
                ).taken_ms
    return {"recovery_ms": p50_and_p99(taken_ms)}


@contextmanager
def _supervised(queue: str) -> Iterator[None]:
    """A supervisor and its worker processes. They log nothing about processes that are killed on purpose."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL + 1)
    settings = WorkerSettings(processes=PROCESSES, queues=(queue,), grace_s=_GRACE_S, log_level="CRITICAL")
    supervisor = Supervisor(Work(target=_APPLICATION, settings=settings))
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
