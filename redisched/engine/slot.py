"""One slot: calls a handler, on the event loop or in a thread, and can end it from outside."""

import asyncio
from contextvars import copy_context
from functools import partial
from typing import Any

from redisched.context import running
from redisched.engine.attempt import Attempt
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

    async def call(self, attempt: Attempt) -> Any:
        """What the handler returns, or raises. Raises the Interruption by which it was ended, if it was."""
        entry, held = attempt.entry, attempt.held
        self._interruption = None
        self._task = asyncio.current_task()
        timer = None
        if attempt.timeout_ms:
            timer = asyncio.get_running_loop().call_later(attempt.timeout_ms / 1e3, self.interrupt, HandlerTimedOut)
        try:
            if entry.is_async:
                running.set(held)
                return await entry.function(*held.body.args, **held.body.kwargs)
            in_context = partial(copy_context().run, _call_in_thread, entry, held, held.body)
            self._call = self._threads.call(in_context)
            return await self._call.future
        except asyncio.CancelledError:
            if self._interruption is None:
                raise
            raise self._interruption from None
        finally:
            self._forget_call()
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

    def _forget_call(self) -> None:
        """A cancellation is taken back whatever the handler made of it: the next one shall find no trace of it."""
        if self._interruption is not None and self._call is None and self._task is not None:
            self._task.uncancel()
        self._task = self._call = None


def _call_in_thread(entry: HandlerEntry, held: Held, body: TaskBody) -> Any:
    running.set(held)
    return entry.function(*body.args, **body.kwargs)
