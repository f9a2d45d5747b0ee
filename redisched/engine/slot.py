"""One slot: calls a handler, on the event loop, in a thread or in a process, and can end it from outside."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from functools import partial
from inspect import isawaitable
from sys import getrefcount
from typing import Any, TypeAlias, TypeVar

from redisched.context import running
from redisched.engine.attempt import Attempt
from redisched.engine.isolation.call import IsolatedCall
from redisched.engine.own_context import begin_in_context, steps_of
from redisched.engine.threads import Call, Threads
from redisched.errors import HandlerTimedOut, Interruption

T = TypeVar("T")
OnEnd: TypeAlias = Callable[["HandlerSlot", Attempt, Call], None]


class HandlerSlot:
    """Runs one handler at a time. Async ones are awaited in the asyncio Task that serves the slot."""

    def __init__(self, number: int, threads: Threads, on_end: OnEnd) -> None:
        """`on_end` is told what a call in a thread came to."""
        self.number = number
        self.has_leftovers = False
        """Whether the last async handler may have left something in its asyncio Task: that shall run no other."""
        self._threads = threads
        self._on_end = on_end
        self._task: asyncio.Task[Any] | None = None
        self._runner: asyncio.Task[Any] | None = None
        self._call: Call | IsolatedCall | None = None
        self._context: Context | None = None
        self._is_running = False
        self._timer: asyncio.TimerHandle | None = None
        self._interruption: type[Interruption] | None = None

    def serve_in(self, task: asyncio.Task[Any]) -> None:
        """Async handlers are awaited in this asyncio Task from now on, and nothing is left in it."""
        # To ask for the current Task before each handler costs a system call on Python 3.11.
        self._task = task
        self.has_leftovers = False

    def begin(self, attempt: Attempt) -> None:
        """Begin an attempt, and count its timeout from now; `run` or `run_in_thread` runs its handler."""
        self._interruption = None
        self._is_running = True
        if attempt.timeout_ms:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(attempt.timeout_ms / 1e3, self.interrupt, HandlerTimedOut)

    async def run(self, context: Context, begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T) -> Any:
        """What an async handler returns, or raises, that is begun so in a context of its own. Raises the Interruption
        by which it was ended, if it was.
        """
        runner = self._task
        assert runner is not None
        references = getrefcount(runner)
        self._runner = runner
        if self._interruption is not None:
            # It was told to end while it was on its way here from a thread.
            runner.cancel()
        try:
            result, rest = begin_in_context(context, begin, argument)
            return result if rest is None else await rest
        except asyncio.CancelledError:
            if self._interruption is None:
                raise
            raise self._interruption from None
        finally:
            self._runner = None
            self._end()
            if self._interruption is not None:
                runner.uncancel()
            # Whoever else still knows the Task may cancel it later: a callback, a timer, another Task.
            self.has_leftovers = getrefcount(runner) > references or runner.cancelling() > 0

    def go_on(self, rest: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
        """As `run`, for what a sync handler returned and has to be awaited still; its context and timeout go on."""
        assert self._context is not None
        return self.run(self._context, steps_of, rest)

    def run_in_thread(self, attempt: Attempt, context: Context) -> None:
        """Begin to run a sync handler in a copy of a context."""
        self._context = context.copy()
        self._call = self._threads.call(
            partial(self._context.run, call_handler, attempt), partial(self._thread_ended, attempt)
        )

    def run_isolated(self, attempt: Attempt, call: IsolatedCall) -> None:
        """Begin to run a handler in a process of its own, which a thread waits for. The call minds the timeout."""
        self._interruption = None
        self._is_running = True
        self._threads.call(call.run, partial(self._thread_ended, attempt))
        self._call = call

    def interrupt(self, kind: type[Interruption]) -> None:
        """End the running handler: an async one is cancelled, a sync one has `kind` raised inside, the process of an
        isolated one is killed if that does not help. Once only.
        """
        if self._interruption is not None or not self._is_running:
            return
        self._interruption = kind
        if self._call is not None:
            self._call.interrupt(kind)
        elif self._runner is not None:
            self._runner.cancel()

    @property
    def told(self) -> type[Interruption] | None:
        """By what the handler that runs here was told to end, if one runs and was."""
        return self._interruption if self._is_running else None

    @property
    def has_ended(self) -> bool:
        """Whether the handler has ended in its thread, though the event loop was too busy to hear of it yet."""
        return isinstance(self._call, Call) and self._threads.has_ended(self._call)

    def _end(self) -> None:
        self._is_running = False
        self._context = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _thread_ended(self, attempt: Attempt, call: Call) -> None:
        self._call = None
        if call.error is not None or not isawaitable(call.result):
            self._end()
        self._on_end(self, attempt, call)


def call_handler(attempt: Attempt) -> Any:
    """What the handler of an attempt returns; of an async one that is a coroutine."""
    task = attempt.task
    running.set(task)
    return attempt.entry.function(*task.body.args, **task.body.kwargs)
