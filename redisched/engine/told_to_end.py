"""How a worker is told to end: at once in good order, or once its handlers have ended, by its process or by people."""

import asyncio
from collections.abc import Callable

from redisched.engine.claiming.claimer import Claimer
from redisched.engine.logs import log
from redisched.orders import WorkerOrder, WorkerState


class ToldToEnd:
    """What one worker was told. `supervised` is called when people have told it to leave, None without a supervisor."""

    def __init__(self, supervised: Callable[[WorkerOrder], None] | None) -> None:
        self._supervised = supervised
        self.stopping = asyncio.Event()
        self.draining = asyncio.Event()

    def leave(self, order: WorkerOrder) -> None:
        """People have told the worker to end, or to be replaced by another one."""
        if self._supervised is not None:
            self._supervised(order)
        elif order is WorkerOrder.RECYCLE:
            log.warning("this worker has no supervisor, so nothing can take its place; it goes on")
        if order is WorkerOrder.STOP:
            self.stopping.set()

    def state(self, claimer: Claimer) -> WorkerState:
        """What the worker does about new tasks."""
        if self.stopping.is_set():
            return WorkerState.STOPPING
        if self.draining.is_set():
            return WorkerState.DRAINING
        return WorkerState.QUIET if claimer.is_quiet else WorkerState.WORKING
