"""The worker processes that are measured: real ones, started before the clock starts.

Each has a connection to the benchmark, over which it reports the starts of handlers. When the connection is closed, the
worker stops; so no worker keeps running after the benchmark was killed.
"""

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from struct import Struct
from typing import NamedTuple, Self

from redisched.bench.jobs import Jobs
from redisched.bench.profiles import profiled
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.config import WorkerSettings
from redisched.engine.child import tune_garbage_collection
from redisched.engine.worker import Worker

TIMEOUT_S = 300.0
"""A measurement fails if a worker reports nothing for this time."""

_START = Struct("<Qdd")
_PEAK = Struct("<Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """The parameters of a worker process. The process runs one worker for each URL; usually there is one URL."""

    urls: tuple[str, ...]
    queue: str
    settings: WorkerSettings
    profiles: Path | None = None


class MeasuredStart(NamedTuple):
    """The start of the `rec` task with this argument.

    By the monotonic clock that all processes of a machine share, and by the time of day.
    """

    task: int
    monotonic_s: float
    time_s: float


class MeasuredWorker:
    """One worker process. It runs tasks only after `go` was called."""

    def __init__(self, spec: WorkerSpec) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, spec), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def process_id(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    def wait_ready(self) -> None:
        """Return when it has imported everything and waits for `go`."""
        self._receive()

    def go(self) -> Self:
        """Let it work."""
        self.connection.send_bytes(b"go")
        return self

    def next_start(self) -> MeasuredStart:
        """Wait for the next start of a `rec` task, and return it."""
        told = self._receive()
        if len(told) != _START.size:
            raise MeasurementFailed("a worker process ended before its tasks did")
        return MeasuredStart(*_START.unpack(told))

    def starts(self, count: int) -> Iterator[MeasuredStart]:
        """Yield the next `count` starts of `rec` tasks, as they happen."""
        for _ in range(count):
            yield self.next_start()

    def wait_ended(self) -> int:
        """Wait until it has ended by itself, and return its peak memory in bytes."""
        told = self._receive()
        self._process.join(TIMEOUT_S)
        if self._process.exitcode != 0:
            raise MeasurementFailed(f"a worker process did not end well: its exit code is {self._process.exitcode}")
        peak_bytes: int = _PEAK.unpack(told)[0]
        return peak_bytes

    def check_alive(self) -> None:
        """Raises MeasurementFailed if it has ended."""
        if not self._process.is_alive():
            raise MeasurementFailed(f"a worker process ended; its exit code is {self._process.exitcode}")

    def close(self) -> None:
        """Stop it, and return when it is gone."""
        self.connection.close()
        self._process.join(TIMEOUT_S)
        self._process.kill()
        self._process.join()

    def _receive(self) -> bytes:
        try:
            if self.connection.poll(TIMEOUT_S):
                return self.connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise MeasurementFailed("a worker process died") from error
        raise MeasurementFailed(f"a worker process said nothing for {TIMEOUT_S:g} s")


def spec_of(workbench: Workbench, jobs: Jobs, settings: WorkerSettings | None = None) -> WorkerSpec:
    """The parameters of a process with one worker for these jobs; None means default settings."""
    return WorkerSpec(
        urls=(workbench.url,),
        queue=jobs.queue,
        settings=settings or WorkerSettings(),
        profiles=workbench.profiles,
    )


@contextmanager
def fleet(specs: Sequence[WorkerSpec]) -> Iterator[list[MeasuredWorker]]:
    """A worker process for each spec, all ready to go."""
    with ExitStack() as stack:
        workers = [stack.enter_context(closing(MeasuredWorker(spec))) for spec in specs]
        for worker in workers:
            worker.wait_ready()
        yield workers


def next_start_of_any(workers: Sequence[MeasuredWorker]) -> MeasuredStart:
    """Wait for the next start of a `rec` task in any of these processes, and return it."""
    ready = wait([worker.connection for worker in workers], TIMEOUT_S)
    for worker in workers:
        if worker.connection in ready:
            return worker.next_start()
    raise MeasurementFailed(f"no worker process said anything for {TIMEOUT_S:g} s")


def _serve(connection: Connection, spec: WorkerSpec) -> None:
    def tell_start(index: int) -> None:
        connection.send_bytes(_START.pack(index, time.monotonic(), time.time()))

    # Warnings about what the benchmark does to Redis on purpose are not logged; errors are.
    logging.disable(logging.WARNING)
    applications = [Jobs(url, spec.queue, tell_start) for url in spec.urls]
    tune_garbage_collection()
    connection.send_bytes(b"ready")
    try:
        connection.recv_bytes()
    except EOFError:
        return
    with profiled(spec.profiles):
        asyncio.run(_work(connection, applications, spec.settings))
    with suppress(OSError):  # the bench may have closed the connection to stop this process
        connection.send_bytes(_PEAK.pack(_peak_bytes()))


async def _work(connection: Connection, applications: Sequence[Jobs], settings: WorkerSettings) -> None:
    workers = [Worker(jobs.app, settings) for jobs in applications]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_reader(connection.fileno())
        for worker in workers:
            worker.stop()

    loop.add_reader(connection.fileno(), stop)
    await asyncio.gather(*(worker.run() for worker in workers))


def _peak_bytes() -> int:
    """The peak resident memory of this process, in bytes. getrusage would return the parent's peak if it is larger."""
    status = Path("/proc/self/status").read_text()
    (peak,) = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak[1]) * 1024
