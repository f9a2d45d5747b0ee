"""Callers that wait for a result run the worker themselves: in a test there is no other that could do it."""

import threading
from collections.abc import Callable, Iterable

from redisched.client.end_listener import EndListener, Waiter
from redisched.store.broker import Broker


class RunningWaiter(Waiter):
    """One call that waits for the ends of tasks. In place of waiting it runs the next due task."""

    def __init__(self, ids: Iterable[str], run_next: Callable[[frozenset[str]], None]) -> None:
        super().__init__(ids, threading.Event())
        self._run_next = run_next

    def wait(self, within_s: float) -> None:  # noqa: ARG002 - no time passes
        self._run_next(self.ids)

    async def wait_async(self, within_s: float) -> None:
        self.wait(within_s)


class RunningListener(EndListener):
    """Tells waiters which tasks the worker of a test has ended. `run_next` runs one task, or raises if none is due."""

    def __init__(self, broker: Broker, run_next: Callable[[frozenset[str]], None]) -> None:
        super().__init__(broker, threading.Event)
        self.channel = ""
        self._run_next = run_next

    @property
    def is_trusted(self) -> bool:
        """Always: who ends a task tells it."""
        return True

    def _make_waiter(self, ids: Iterable[str]) -> Waiter:
        return RunningWaiter(ids, self._run_next)

    def tell(self, task_id: str) -> None:
        """A task may have ended."""
        with self._lock:
            for waiter in self._waiters.get(task_id, ()):
                waiter.tell((task_id,))

    def tell_all(self) -> None:
        """Any task may have ended."""
        self._tell_all()
