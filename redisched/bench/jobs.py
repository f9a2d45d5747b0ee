"""The application that is measured: handlers that do nothing, sleep, or report their start.

Each producer and worker process creates its own application, with the same names of queue and handlers.
"""

import asyncio
from collections.abc import Callable, Iterable

from redisched.client.handler import Producer
from redisched.client.scheduler import Scheduler
from redisched.config import Settings

DOZE_S = 0.02
_ALL = 1_000_000_000
_FILL_TASKS = 10_000
"""A large backlog is enqueued in calls of this many tasks, so that its requests do not fill this process's memory."""


def _nobody_listens(_index: int) -> None:
    pass


class Jobs:
    """An application with one queue. Its handler `rec` calls `tell_start` first, in the worker."""

    def __init__(self, url: str, queue: str, tell_start: Callable[[int], None] = _nobody_listens) -> None:
        self.app = Scheduler(url, settings=Settings(kept_results=_ALL))
        self.queue = queue

        @self.app.task(name="noop", queue=queue)
        async def noop(_index: int) -> None:
            pass

        @self.app.task(name="noop_sync", queue=queue)
        def noop_sync(_index: int) -> None:
            pass

        @self.app.task(name="doze", queue=queue)
        async def doze(_index: int) -> None:
            await asyncio.sleep(DOZE_S)

        @self.app.task(name="rec", queue=queue)
        async def rec(index: int) -> None:
            tell_start(index)

        self.doze = doze
        self.noop = noop
        self.noop_sync = noop_sync
        self.rec = rec

    def fill(self, producer: Producer[[int], None], indices: range) -> None:
        """Enqueue a task for each index."""
        for first in range(0, len(indices), _FILL_TASKS):
            self.enqueue(producer, indices[first : first + _FILL_TASKS])

    def enqueue(self, producer: Producer[[int], None], indices: Iterable[int]) -> None:
        """Enqueue a task for each index in one call."""
        self.app.enqueue_many([producer.request(index) for index in indices])
