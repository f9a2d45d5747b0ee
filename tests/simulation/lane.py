"""An event loop in virtual time: one thread of one simulated process.

It has what asyncio asks of a loop whose code neither opens sockets nor starts threads. Callbacks run in order within a
lane; between lanes the kernel chooses. A halted lane runs nothing, while its clock goes on and its timers become
due, as in a process that was sent SIGSTOP; a cancelled lane never runs again.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from math import ceil
from typing import Any, cast

from redisched.engine.own_task import OwnTask
from tests.simulation.kernel import Kernel


@dataclass(slots=True)
class MachineClock:
    """A machine's monotonic clock: it began at any value, and runs a little fast or slow."""

    kernel: Kernel
    began_s: float = 0.0
    rate: float = 1.0

    def monotonic(self) -> float:
        return self.began_s + self.kernel.now_us * self.rate / 1e6

    def world_us(self, monotonic_s: float) -> int:
        """The first microsecond of the world at which this clock shows a time."""
        return ceil((monotonic_s - self.began_s) * 1e6 / self.rate)


class Lane:
    """One event loop. `beside` is the lane of its process's threads, if it has any; `defects` are unhandled errors."""

    def __init__(self, kernel: Kernel, clock: MachineClock, beside: "Lane | None" = None) -> None:
        self._kernel = kernel
        self._clock = clock
        self._ready: deque[asyncio.Handle] = deque()
        self._is_listed = False
        self._halts = 0
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._as_loop = cast(asyncio.AbstractEventLoop, self)
        self.is_cut_off = False
        self.beside = beside
        self.defects: list[BaseException | str] = []

    def enter(self) -> None:
        """Make it the running loop, for code that is called from outside of every loop."""
        asyncio._set_running_loop(self._as_loop)

    def run_next(self) -> None:
        """Run the callback that has waited longest."""
        handle = self._ready.popleft()
        if not self._ready:
            self._delist()
        if not handle.cancelled():
            asyncio._set_running_loop(self._as_loop)
            handle._run()

    def halt(self) -> None:
        """Run nothing until `go_on` was called as often as `halt`."""
        self._halts += 1
        self._delist()

    def go_on(self) -> None:
        self._halts -= 1
        self._list()

    def cancel(self) -> None:
        """Run nothing ever again; coroutines stay where they are."""
        self.is_cut_off = True
        self._ready.clear()
        self._delist()

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a coroutine that no code awaits; its failure is a defect."""
        task: asyncio.Task[None] = self.create_task(work)
        task.add_done_callback(self._note_failure)
        return task

    async def rest(self, seconds: float) -> None:
        """Let virtual time pass."""
        over = self.create_future()
        self.call_later(seconds, _wake, over)
        await over

    def dispose(self) -> None:
        """Close unfinished coroutines after the end of the world, when their effects do not matter any more."""
        self.cancel()
        asyncio._set_running_loop(self._as_loop)
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # as asyncio.gather does
                _close(task.get_coro())
        self._tasks.clear()
        asyncio._set_running_loop(None)

    def time(self) -> float:
        return self._clock.monotonic()

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self._as_loop, context)
        task = getattr(callback, "__self__", None)
        if isinstance(task, OwnTask):
            # It is made without this loop's create_task. Once its process is dead, nobody else may hold it.
            self._tasks[task] = None
        if not self.is_cut_off:
            self._ready.append(handle)
            self._list()
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self._as_loop, context)
        self._kernel.at(self._clock.world_us(when), self._fall_due, timer)
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self._as_loop)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self._as_loop, name=name, context=context)
        self._tasks[task] = None
        return task

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.defects.append(context.get("exception") or str(context.get("message")))

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.defects.append(error)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is skipped when it becomes due."""

    def _fall_due(self, timer: asyncio.TimerHandle) -> None:
        if not timer.cancelled() and not self.is_cut_off:
            self._ready.append(timer)
            self._list()

    def _list(self) -> None:
        if not self._is_listed and self._ready and not self._halts:
            self._is_listed = True
            self._kernel.runnable.append(self)

    def _delist(self) -> None:
        if self._is_listed:
            self._is_listed = False
            self._kernel.runnable.remove(self)


def _wake(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


def _close(coroutine: Any) -> None:
    """Close a coroutine whose finally-clauses wait for events that will not happen."""
    while True:
        with contextlib.suppress(RuntimeError):
            coroutine.close()
            return


def running_lane() -> Lane:
    """The lane whose code runs now."""
    lane: object = asyncio.get_running_loop()
    assert isinstance(lane, Lane)
    return lane
