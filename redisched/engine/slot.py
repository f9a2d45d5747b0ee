"""One slot: calls a handler, on the event loop, in a thread or in a process, and can end it from outside."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any, TypeAlias

from redisched.context import running
from redisched.engine.attempt import Attempt
from redisched.engine.isolation.call import IsolatedCall
from redisched.engine.threads import Call, Threads
from redisched.errors import HandlerTimedOut, Interruption

OnEnd: TypeAlias = Callable[["Slot", Attempt, Call], None]


class Slot:
    """Runs one handler at a time. `run` must always be awaited from one and the same asyncio Task."""

    def __init__(self, number: int, threads: Threads, on_end: OnEnd) -> None:
        """`on_end` is told what a call in a thread came to."""
        self.number = number
        self._threads = threads
        self._on_end = on_end
        self._runner: asyncio.Task[Any] | None = None
        self._is_awaiting = False
        self._call: Call | IsolatedCall | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._interruption: type[Interruption] | None = None

    async def run(self, attempt: Attempt) -> Any:
        """What an async handler returns, or raises. Raises the Interruption by which it was ended, if it was."""
        held = attempt.held
        body = held.body
        self._interruption = None
        self._is_awaiting = True
        if self._runner is None:
            self._runner = asyncio.current_task()
        if attempt.timeout_ms:
            self._set_timer(attempt.timeout_ms)
        try:
            running.set(held)
            return await attempt.entry.function(*body.args, **body.kwargs)
        except asyncio.CancelledError:
            if self._interruption is None:
                raise
            raise self._interruption from None
        finally:
            self._is_awaiting = False
            self._stop_timer()
            self._take_cancellation_back()

    def run_in_thread(self, attempt: Attempt, context: Context) -> None:
        """Begin to run a sync handler in a copy of a context."""
        self._interruption = None
        self._call = self._threads.call(
            partial(context.copy().run, _call, attempt), partial(self._thread_ended, attempt)
        )
        if attempt.timeout_ms:
            self._set_timer(attempt.timeout_ms)

    def run_isolated(self, attempt: Attempt, call: IsolatedCall) -> None:
        """Begin to run a handler in a process of its own, which a thread waits for. The call minds the timeout."""
        self._interruption = None
        self._threads.call(call.run, partial(self._thread_ended, attempt))
        self._call = call

    def interrupt(self, kind: type[Interruption]) -> None:
        """End the running handler: an async one is cancelled, a sync one has `kind` raised inside, the process of an
        isolated one is killed if that does not help. Once only.
        """
        if self._interruption is not None or not (self._is_awaiting or self._call):
            return
        self._interruption = kind
        if self._call is not None:
            self._call.interrupt(kind)
        elif self._runner is not None:
            self._runner.cancel()

    @property
    def told(self) -> type[Interruption] | None:
        """By what the handler that runs here was told to end, if one runs and was."""
        return self._interruption if self._is_awaiting or self._call else None

    @property
    def has_ended(self) -> bool:
        """Whether the handler has ended in its thread, though the event loop was too busy to hear of it yet."""
        return isinstance(self._call, Call) and self._threads.has_ended(self._call)

    def _thread_ended(self, attempt: Attempt, call: Call) -> None:
        self._call = None
        self._stop_timer()
        self._on_end(self, attempt, call)

    def _set_timer(self, timeout_ms: int) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(timeout_ms / 1e3, self.interrupt, HandlerTimedOut)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_cancellation_back(self) -> None:
        """Whatever the handler made of it: the next one shall find no trace of it."""
        if self._interruption is not None and self._runner is not None:
            self._runner.uncancel()


def _call(attempt: Attempt) -> Any:
    held = attempt.held
    running.set(held)
    return attempt.entry.function(*held.body.args, **held.body.kwargs)
