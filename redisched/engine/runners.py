"""The asyncio Tasks that serve slots: one for each, replaced when a handler may have left something in it."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from redisched.engine.slot import HandlerSlot

Serve = Callable[[HandlerSlot], Coroutine[Any, Any, None]]
"""Serves a slot until its asyncio Task shall run no more handlers."""


class Runners:
    """Keeps a runner for every slot. A cancellation that a handler left behind goes with the Task that it knew."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._tasks: dict[HandlerSlot, asyncio.Task[None]] = {}
        self._is_stopping = False
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once a slot has died, which only a defect of redisched's own can be the cause of; holds its error."""

    def begin(self, slot: HandlerSlot) -> None:
        """Serve a slot from now on."""
        self._tasks[slot] = task = asyncio.create_task(self._serve(slot))
        task.add_done_callback(partial(self._ended, slot))

    def let_end(self) -> None:
        """Replace no runner that ends from now on."""
        self._is_stopping = True

    async def stop(self, within_s: float) -> None:
        """End all, and wait for that for so long."""
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
