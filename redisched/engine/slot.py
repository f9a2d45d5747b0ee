"""Slots: each calls one handler at a time, on the event loop, in a thread or in a process, and can interrupt it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from sys import getrefcount
from typing import Any, TypeAlias, TypeVar

from redisched.callables import is_awaitable
from redisched.context import running
from redisched.engine.attempt import Attempt
from redisched.engine.isolation.call import IsolatedCall
from redisched.engine.own_context import begin_in_context, steps_of
from redisched.engine.threads import Call, Threads, settle_future
from redisched.engine.time_limit import SoftLimit
from redisched.errors import HandlerTimedOut, Interruption
from redisched.packing import SCALARS

T = TypeVar("T")
OnEnd: TypeAlias = Callable[["HandlerSlot", Attempt, Call, Awaitable[Any] | None], None]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A sync handler returned something awaitable, which has to be awaited on the event loop."""

    attempt: Attempt
    rest: Awaitable[Any]


class HandlerSlot:
    """Runs one handler at a time. Async ones are awaited in the asyncio Task that serves the slot."""

    def __init__(self, number: int, threads: Threads, on_end: OnEnd) -> None:
        """`on_end` is called with each call in a thread that has ended, and with what is left to be awaited, if it
        returned something awaitable.
        """
        self.number = number
        self.has_leftovers = False
        """Whether the last async handler may have left a cancellation or callback in its asyncio Task. Then this Task
        must run no other handler.
        """
        self._threads = threads
        self._on_end = on_end
        self._task: asyncio.Task[Any] | None = None
        self._runner: asyncio.Task[Any] | None = None
        self._references = 0
        self._call: Call | IsolatedCall | None = None
        self._context: Context | None = None
        self._is_running = False
        self._timer: asyncio.TimerHandle | None = None
        self._interruption: type[Interruption] | None = None

    def serve_in(self, task: asyncio.Task[Any]) -> None:
        """From now on await async handlers in this asyncio Task, which is new."""
        # Asking for the current Task before each handler would cost a system call on Python 3.11.
        self._task = task
        self.has_leftovers = False

    def begin(self, attempt: Attempt) -> None:
        """Begin an attempt. Its timeout counts from now. Call `run` or `run_in_thread` next, to run the handler."""
        self._interruption = None
        self._is_running = True
        if attempt.timeout_ms:
            limit = SoftLimit(asyncio.get_running_loop().time, attempt.timeout_ms / 1e3)
            attempt.task.time_limit = limit
            self._await_limit(limit)

    def run(
        self, context: Context, begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T
    ) -> tuple[Any, Coroutine[Any, Any, Any] | None]:
        """Call an async handler in a contextvars context, and run it up to its first wait. Answers what it returned and
        None, or None and a coroutine for the rest, to be awaited at once. Both raise what the handler raises; if it was
        interrupted, the Interruption.
        """
        # Not one coroutine for all: a handler that waits for nothing would pay for it.
        assert self._task is not None
        self._references = getrefcount(self._task)
        self._runner = self._task
        if self._interruption is not None:
            # It was interrupted after it had left its thread and before it was awaited here.
            self._task.cancel()
        rest = None
        try:
            begun = result, rest = begin_in_context(context, begin, argument)
        except asyncio.CancelledError:
            if self._interruption is None:
                raise
            raise self._interruption from None
        finally:
            if rest is None:
                self._run_ended()
        return begun if rest is None else (result, self._run_rest(rest))

    async def _run_rest(self, rest: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await rest
        except asyncio.CancelledError:
            if self._interruption is None:
                raise
            raise self._interruption from None
        finally:
            self._run_ended()

    def _run_ended(self) -> None:
        assert self._task is not None
        self._runner = None
        self._end()
        if self._interruption is not None:
            self._task.uncancel()
        # If anything else still has a reference to the Task, it may cancel it later: a callback, a timer, another Task.
        self.has_leftovers = getrefcount(self._task) > self._references or self._task.cancelling() > 0

    def go_on(self, rest: Awaitable[Any]) -> tuple[Any, Coroutine[Any, Any, Any] | None]:
        """As `run`, for an awaitable that a sync handler returned, in the same context and with the same timeout."""
        assert self._context is not None
        return self.run(self._context, steps_of, rest)

    def run_in_thread(self, attempt: Attempt, context: Context) -> None:
        """Start a sync handler in a thread, in a copy of a context."""
        self._context = context.copy()
        self._call = self._threads.call(
            partial(self._context.run, call_handler, attempt), partial(self._thread_ended, attempt)
        )

    async def await_in_thread(self, function: Callable[[], Any]) -> Any:
        """Run a sync handler in a thread, and await its end in the coroutine that this slot runs. An interruption is
        raised in the thread.
        """
        ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._call = self._threads.call(partial(copy_context().run, function), partial(settle_future, ended))
        try:
            return await ended
        finally:
            self._call = None

    def run_isolated(self, attempt: Attempt, call: IsolatedCall) -> None:
        """Start an isolated handler. A thread waits for its process. The call itself takes care of the timeout."""
        self._interruption = None
        self._is_running = True
        self._threads.call(call.run, partial(self._thread_ended, attempt))
        self._call = call

    def _await_limit(self, limit: SoftLimit) -> None:
        """Interrupt the handler once its time is over. Its handler may move the limit meanwhile."""
        remaining_s = limit.remaining_s()
        if remaining_s > 0.0:
            self._timer = asyncio.get_running_loop().call_later(remaining_s, self._await_limit, limit)
        else:
            self.interrupt(HandlerTimedOut)

    def interrupt(self, kind: type[Interruption]) -> None:
        """Interrupt the running handler, once. An async handler is cancelled. In a sync one `kind` is raised. An
        isolated one is asked to end, and its process is killed if it does not.
        """
        if self._interruption is not None or not self._is_running:
            return
        self._interruption = kind
        if self._call is not None:
            self._call.interrupt(kind)
        elif self._runner is not None:
            self._runner.cancel()

    @property
    def interruption(self) -> type[Interruption] | None:
        """How the running handler was interrupted; None if no handler runs or it was not interrupted."""
        return self._interruption if self._is_running else None

    @property
    def has_ended(self) -> bool:
        """Whether the handler has ended in its thread, even if the event loop was too busy to notice it yet."""
        return isinstance(self._call, Call) and self._threads.has_ended(self._call)

    def _end(self) -> None:
        self._is_running = False
        self._context = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _thread_ended(self, attempt: Attempt, call: Call) -> None:
        self._call = None
        rest = None if call.error is not None else _rest_of(call.result)
        if rest is None:
            self._end()
        self._on_end(self, attempt, call, rest)


def _rest_of(result: Any) -> Awaitable[Any] | None:
    # Asking whether a plain value can be awaited costs more than most of what is done for a task in a thread.
    return result if type(result) not in SCALARS and is_awaitable(result) else None


def call_handler(attempt: Attempt) -> Any:
    """Call the handler of an attempt; answers what it returns, which for an async handler is a coroutine."""
    task = attempt.task
    running.set(task)
    entry, body = attempt.entry, task.body
    if entry.conversion is None and body.codec is None:
        # Most handlers take their arguments as they travelled.
        return entry.function(*body.args, **body.kwargs) if body.kwargs else entry.function(*body.args)
    args, kwargs = entry.arguments_of(body)
    return entry.function(*args, **kwargs)
