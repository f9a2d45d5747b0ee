"""What a running handler can ask about the task it runs."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from redisched.option_checks import check_milliseconds


class TimeLimit(Protocol):
    """How long the running attempt may still take."""

    def remaining_s(self) -> float | None: ...

    def extend(self, seconds: float) -> None: ...


class NoTimeLimit:
    """The limit of an attempt without a timeout."""

    def remaining_s(self) -> float | None:
        """None: no limit."""
        return None

    def extend(self, seconds: float) -> None:
        """Nothing to move."""


NO_TIME_LIMIT = NoTimeLimit()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext:
    """The task a handler runs.

    `fence` is larger with every lease of the task. Store it with what the handler writes to a database, and refuse
    writes with a smaller one: they come from a worker that lost its lease. `attempt` counts from 1. `run_at_ms` is when
    the task was due, in milliseconds of the server's time.
    """

    id: str
    name: str
    queue: str
    attempt: int
    max_attempts: int
    fence: int
    priority: int
    run_at_ms: int
    worker: str
    _time_limit: TimeLimit = field(default=NO_TIME_LIMIT, repr=False, compare=False)

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the timeout tells the handler to end; 0.0 from then on, None without a timeout."""
        return self._time_limit.remaining_s()

    def extend(self, seconds: float | timedelta) -> None:
        """Move the timeout of this attempt so much later. Does nothing without a timeout, or after it.

        Can be called from any thread of the handler. Raises InvalidOption.
        """
        self._time_limit.extend(check_milliseconds("seconds", seconds) / 1e3)


class Running(Protocol):
    """A running task. Its context is made only when it is asked for."""

    def task_context(self) -> TaskContext: ...


running: ContextVar[Running | None] = ContextVar("redisched_running", default=None)
"""Set by the executor around each handler."""
free_slots: ContextVar[Callable[[], int] | None] = ContextVar("redisched_free_slots", default=None)
"""How many more tasks the worker process that runs this handler can run now; None outside of one."""


def current_task() -> TaskContext:
    """The task whose handler is running here.

    Raises LookupError outside of a handler.
    """
    task = running.get()
    if task is None:
        raise LookupError("current_task() works inside a running handler only")
    return task.task_context()
