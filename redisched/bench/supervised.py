"""A supervisor with worker processes for the application of `held.py`, as in production."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from redisched.config import WorkerSettings
from redisched.engine.child_spec import Work
from redisched.engine.supervisor import Supervisor

_APPLICATION = "redisched.bench.held:app"
_STOPPED_WITHIN_S = 10.0


@contextmanager
def supervised(settings: WorkerSettings) -> Iterator[None]:
    """A supervisor and its worker processes. They log nothing about processes that are killed or replaced on purpose.

    The environment names the server and the folder of the application.
    """
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL + 1)
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
