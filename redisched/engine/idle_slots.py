"""The slots that wait for a task. They are woken when tasks come into the window, and when a task there falls due."""

import asyncio
from collections import deque

from redisched.engine.alarm import MakeAlarm
from redisched.engine.worker_context import WorkerContext


class IdleSlots:
    """Make it inside the running event loop."""

    def __init__(self, context: WorkerContext, make_alarm: MakeAlarm) -> None:
        self._context = context
        self._window = context.window
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._alarm = make_alarm(lambda: self.wake(len(self._window)))

    async def wait(self) -> None:
        """Wait until there may be a task for one more slot."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._set_alarm()
        await waiter

    def wake(self, tasks: int) -> None:
        """Wake as many slots as tasks came into the window or fell due."""
        while tasks and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                tasks -= 1
        self._set_alarm()

    def close(self) -> None:
        """Never fire the alarm again."""
        self._alarm.close()

    def _set_alarm(self) -> None:
        # Without an idle slot, no alarm is needed: a slot looks at the window when it becomes free.
        due_ms = self._window.next_due_ms() if self._waiters else None
        moment_s = None if due_ms is None else self._context.server_clock.monotonic_at(due_ms)
        self._alarm.set(moment_s, self._context.clock.monotonic())
