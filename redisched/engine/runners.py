"""The asyncio Tasks that run the slots, one for each slot. A Task is replaced if a handler may have left something in
it, such as a cancellation.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from redisched.engine.slot import HandlerSlot

Serve = Callable[[HandlerSlot], Coroutine[Any, Any, None]]
"""Runs tasks in a slot, and returns when its asyncio Task must run no more handlers."""


class Runners:
    """Keeps one asyncio Task running for every slot."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._tasks: dict[HandlerSlot, asyncio.Task[None]] = {}
        self._is_stopping = False
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once a slot has died, and holds its error. Only a defect of redisched can be the cause."""

    def begin(self, slot: HandlerSlot) -> None:
        """Start a runner for a slot."""
        self._tasks[slot] = task = asyncio.create_task(self._serve(slot))
        task.add_done_callback(partial(self._ended, slot))

    def let_end(self) -> None:
        """From now on, do not replace runners that end."""
        self._is_stopping = True

    async def stop(self, within_s: float) -> None:
        """Cancel all runners, and wait at most `within_s` seconds until they have ended."""
        self.let_end()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)

    def _ended(self, slot: HandlerSlot, task: asyncio.Task[None]) -> None:
        if self._is_stopping:
            return
        error = None if task.cancelled() else task.exception()
        if error is None:
            self.begin(slot)
        elif not self.failure.done():
            self.failure.set_exception(error)
