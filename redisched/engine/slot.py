"""One slot: calls a handler, on the event loop or in a thread, and can end it from outside."""

import asyncio
from functools import partial
from typing import Any

from redisched.context import running
from redisched.engine.held import Held
from redisched.engine.threads import Call, Threads
from redisched.errors import HandlerTimedOut, Interruption
from redisched.model import TaskBody
from redisched.registry import HandlerEntry


class Slot:
    """Runs one handler at a time. `call` must always be awaited from one and the same asyncio Task."""

    def __init__(self, number: int, threads: Threads) -> None:
        self.number = number
        self._threads = threads
        self._task: asyncio.Task[Any] | None = None
        self._call: Call | None = None
        self._interruption: type[Interruption] | None = None

    async def call(self, entry: HandlerEntry, held: Held, timeout_ms: int | None) -> Any:
        """What the handler returns, or raises. Raises the Interruption by which it was ended, if it was."""
        loop = asyncio.get_running_loop()
        self._interruption = None
        self._task = asyncio.current_task()
        timer = loop.call_later(timeout_ms / 1e3, self.interrupt, HandlerTimedOut) if timeout_ms else None
        try:
            if entry.is_async:
                running.set(held)
                return await entry.function(*held.body.args, **held.body.kwargs)
            self._call = self._threads.call(partial(_call_in_thread, entry, held, held.body))
            return await self._call.future
        except asyncio.CancelledError:
            kind = self._uncancel()
            if kind is None:
                raise
            raise kind from None
        finally:
            self._task = self._call = None
            if timer is not None:
                timer.cancel()

    def interrupt(self, kind: type[Interruption]) -> None:
        """End the running handler: an async one is cancelled, a sync one has `kind` raised inside. Once only."""
        if self._task is None or self._interruption is not None:
            return
        self._interruption = kind
        if self._call is not None:
            self._call.interrupt(kind)
        else:
            self._task.cancel()

    def _uncancel(self) -> type[Interruption] | None:
        """Take back the cancellation by which this slot ended its handler, if it was this slot."""
        if self._interruption is not None and self._task is not None:
            self._task.uncancel()
        return self._interruption


def _call_in_thread(entry: HandlerEntry, held: Held, body: TaskBody) -> Any:
    running.set(held)
    return entry.function(*body.args, **body.kwargs)
