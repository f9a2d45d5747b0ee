"""Workers in this process, each in a thread with an event loop of its own, as if it were a process."""

import asyncio
import threading
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, Self

from redisched import Scheduler
from redisched.backoff import Backoff
from redisched.config import Until, WorkerSettings
from redisched.engine.worker import Worker
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.view import QueueCounts, TaskView

SOON = Backoff(base_s=0.01, cap_s=0.01)
"""A backoff short enough for a test that waits for the retry."""
END_S = 60.0
WORK_OFF_S = 240.0
"""However many tasks there are, and however busy the machine is. The timeout of most tests is shorter."""


class RunningWorker:
    """Runs a worker from `with` to its end. If the worker ends with an error, `join` raises it."""

    def __init__(self, app: Scheduler, **settings: Any) -> None:
        self._app = app
        self._settings = WorkerSettings(**settings)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._made = threading.Event()
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._made.wait(END_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if error is None:
            self.join()

    @property
    def name(self) -> str:
        """The name under which it holds leases."""
        return self._worker.name

    @property
    def has_ended(self) -> bool:
        """Whether the worker has ended, by itself or because it was stopped."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Begin a graceful stop: the worker claims nothing any more."""
        stopping = self._stop()
        try:
            asyncio.run_coroutine_threadsafe(stopping, self._loop).result(END_S)
        except (RuntimeError, CancelledError):
            stopping.close()

    def drain(self) -> None:
        """Let the worker claim nothing any more, and end when its handlers have ended."""
        self._loop.call_soon_threadsafe(self._worker.drain)

    def join(self, within_s: float = END_S) -> None:
        """Wait for the end of the worker."""
        self._thread.join(within_s)
        assert self.has_ended, "the worker does not end"
        if self._error is not None:
            raise self._error

    async def _stop(self) -> None:
        self._worker.stop()
        for _ in range(20):
            await asyncio.sleep(0)

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:
            self._error = error

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._worker = Worker(self._app, self._settings)
        self._made.set()
        await self._worker.run()


def work_off(app: Scheduler, **settings: Any) -> None:
    """Let a worker run until nothing is due any more."""
    with RunningWorker(app, until=Until.EMPTY, **settings) as worker:
        worker.join(WORK_OFF_S)


def look(broker: Broker, task_id: str, queue: str = "default") -> TaskView:
    """A task as an observer sees it."""
    view = run(Inspector(broker.script_runner, queue).task(task_id), broker.client())
    assert view is not None
    return view


def counts(broker: Broker, queue: str = "default") -> QueueCounts:
    """How many tasks of a queue are in each state."""
    return run(Inspector(broker.script_runner, queue).counts(), broker.client())
