"""Event loops for async handlers in virtual time: where nothing but a timer can happen next, time jumps to it.

While a thread works for the loop or a socket is open on it, the loop waits for these in real time, as long as its next
timer says, and only then moves the time.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from math import ceil
from typing import Any, Generic, TypeVar, TypeVarTuple

from redisched.testing.virtual_time import VirtualTime

A = TypeVarTuple("A")
T = TypeVar("T")
_OWN_SOCKETS = 1
"""Each loop reads from a socket of its own, by which threads wake it."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is virtual."""

    def __init__(self, time: VirtualTime) -> None:
        self._virtual_time = time
        self._jumping = JumpingSelector(time)
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._virtual_time.monotonic()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*A], T], *args: *A) -> asyncio.Future[T]:
        self._jumping.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_ended)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._jumping.threads -= 1

    def _thread_ended(self, _future: object) -> None:
        self._jumping.threads -= 1


class JumpingSelector(selectors.DefaultSelector):
    """Moves the virtual time in place of waiting. `threads` is how many threads work for the loop."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._virtual_time = time
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        is_real = timeout is None or self.threads > 0 or len(self.get_map()) > _OWN_SOCKETS
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(timeout if is_real else 0)
        if not ready and timeout is not None and timeout > 0:
            self._virtual_time.move_to_us(self._virtual_time.now_us + ceil(timeout * 1e6))
        return ready


class VirtualLoops:
    """The event loops of one test. A handler that waits for another one's task needs a second loop beside its own."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._idle: list[asyncio.Runner] = []

    def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
        """Run a coroutine to its end. No event loop may run in this thread."""
        runner = self._idle.pop() if self._idle else asyncio.Runner(loop_factory=self._make_loop)
        outcome: _Outcome[T] = _Outcome()
        try:
            runner.run(outcome.of(coroutine), context=context)
        except (SystemExit, KeyboardInterrupt):
            # These stop a loop at once, and it would go on with the same handler when it ran the next one.
            runner.close()
            raise
        except BaseException:
            self._idle.append(runner)
            raise
        self._idle.append(runner)
        return outcome.get()

    def close(self) -> None:
        """Cancel what handlers have left behind, and close the loops."""
        while self._idle:
            self._idle.pop().close()

    def _make_loop(self) -> VirtualLoop:
        return VirtualLoop(self._time)


class _Outcome(Generic[T]):
    """The result or error of a coroutine. asyncio does not see it: it asks for the type of an error and the text of a
    result where its loop ends, and the code of either may raise.
    """

    def __init__(self) -> None:
        self._results: list[T] = []
        self._errors: list[BaseException] = []

    async def of(self, coroutine: Coroutine[Any, Any, T]) -> None:
        try:
            self._results.append(await coroutine)
        except asyncio.CancelledError:
            # Ctrl-C cancels the coroutine, and must be told from a cancellation that it raises itself.
            raise
        except BaseException as error:
            self._errors.append(error)

    def get(self) -> T:
        """Return the result. Raises the error."""
        if self._errors:
            # Otherwise error, traceback, frame and list would be a reference cycle.
            raise self._errors.pop()
        return self._results.pop()
