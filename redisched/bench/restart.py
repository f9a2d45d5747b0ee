"""How soon a worker continues after Redis was killed and restarted on its data, while a backlog waits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from redisched.bench.figures import Figures
from redisched.bench.fleet import fleet, spec_of
from redisched.bench.percentile import p50_and_p99
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.config import WorkerSettings
from redisched.embedded import Persistence, PrivateServer
from redisched.embedded.polling import poll_until
from redisched.store.broker import connect

CONCURRENCY = 4
"""Low, and the handlers take a while, so that most of the backlog still waits at the end."""
_TIMEOUT_S = 60.0


def measure_restart(workbench: Workbench) -> Figures:
    """Milliseconds from when a killed Redis answers again to the first task that ends after that.

    Starts its own server, because the workbench's Redis may belong to the user. Raises MeasurementFailed if the worker
    ends.
    """
    taken_ms: list[float] = []
    with _own_server(workbench) as (server, own), own.jobs() as jobs:
        jobs.fill(jobs.doze, range(workbench.scale.restart_backlog))
        outcomes = own.store(jobs.queue).keys.outcomes

        def ended() -> int:
            reply = own.command("HLEN", outcomes)
            assert isinstance(reply, int)
            return reply

        def wait_beyond(before: int) -> None:
            if not poll_until(lambda: ended() > before, _TIMEOUT_S):
                raise MeasurementFailed(f"no task has ended within {_TIMEOUT_S:g} s")

        with fleet([spec_of(own, jobs, WorkerSettings(concurrency=CONCURRENCY))]) as (worker,):
            worker.go()
            for _ in range(workbench.scale.restarts):
                wait_beyond(ended())
                own.broker.close()
                server.kill()
                server.start()
                answered_s = time.monotonic()
                wait_beyond(ended())
                taken_ms.append((time.monotonic() - answered_s) * 1e3)
                worker.check_alive()
    return {"restart_ms": p50_and_p99(taken_ms)}


@contextmanager
def _own_server(workbench: Workbench) -> Iterator[tuple[PrivateServer, Workbench]]:
    """A private server that loses no data when it is killed, and a workbench on it."""
    with PrivateServer(persistence=Persistence.ALWAYS) as server:
        broker = connect(server.url, workbench.broker.timeout_s, workbench.broker.script_runner.prefix)
        try:
            yield server, replace(workbench, url=server.url, broker=broker)
        finally:
            broker.close()
