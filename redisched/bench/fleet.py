"""Worker processes under measurement: real ones, started before the clock is, each with a line to the bench.

The line carries when handlers started. Closing it stops the worker, so that none outlives a bench that was killed.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from struct import Struct
from typing import NamedTuple, Self

from redisched.bench.jobs import Jobs
from redisched.bench.workbench import MeasurementFailed
from redisched.config import WorkerSettings
from redisched.engine.worker import Worker

PATIENCE_S = 120.0
"""A worker that says nothing for so long is given up."""

_START = Struct("<Qdd")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """What a worker process is told."""

    url: str
    queue: str
    settings: WorkerSettings


class Start(NamedTuple):
    """The start of the `rec` task with this argument.

    Told by the clock that all processes of a machine share, and by the time of day.
    """

    task: int
    monotonic_s: float
    time_s: float


class WorkerProcess:
    """One worker process; it works from `go` on."""

    def __init__(self, spec: WorkerSpec) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, spec), daemon=True)
        self._process.start()
        theirs.close()

    def wait_ready(self) -> None:
        """Return when it has imported everything and waits for `go`."""
        self._receive()

    def go(self) -> Self:
        """Let it work."""
        self._line.send_bytes(b"go")
        return self

    def starts(self, count: int) -> Iterator[Start]:
        """The next so many starts of `rec` tasks, as they happen."""
        for _ in range(count):
            yield Start(*_START.unpack(self._receive()))

    def wait_ended(self) -> None:
        """Return when it has ended by itself."""
        self._process.join(PATIENCE_S)
        if self._process.exitcode != 0:
            raise MeasurementFailed(f"a worker process did not end well: its exit code is {self._process.exitcode}")

    def close(self) -> None:
        """Stop it, and return when it is gone."""
        self._line.close()
        self._process.join(PATIENCE_S)
        self._process.kill()
        self._process.join()

    def _receive(self) -> bytes:
        try:
            if self._line.poll(PATIENCE_S):
                return self._line.recv_bytes()
        except (EOFError, OSError) as error:
            raise MeasurementFailed("a worker process died") from error
        raise MeasurementFailed(f"a worker process said nothing for {PATIENCE_S:g} s")


@contextmanager
def fleet(spec: WorkerSpec, processes: int) -> Iterator[list[WorkerProcess]]:
    """So many worker processes, all ready to go."""
    with ExitStack() as stack:
        workers = [stack.enter_context(closing(WorkerProcess(spec))) for _ in range(processes)]
        for worker in workers:
            worker.wait_ready()
        yield workers


def _serve(line: Connection, spec: WorkerSpec) -> None:
    def tell_start(index: int) -> None:
        line.send_bytes(_START.pack(index, time.monotonic(), time.time()))

    jobs = Jobs(spec.url, spec.queue, tell_start)
    line.send_bytes(b"ready")
    try:
        line.recv_bytes()
    except EOFError:
        return
    asyncio.run(_work(line, jobs, spec.settings))


async def _work(line: Connection, jobs: Jobs, settings: WorkerSettings) -> None:
    worker = Worker(jobs.app, settings)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_reader(line.fileno())
        worker.stop()

    loop.add_reader(line.fileno(), stop)
    await worker.run()
