"""What a running handler can ask about the task it runs."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from redisched.option_checks import check_log_text, check_milliseconds, check_progress


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


class Checkpoints(Protocol):
    """How far the handler has come: what an earlier attempt saved, and saving more."""

    def state(self) -> Any: ...

    def save(self, state: Any) -> None: ...

    def save_async(self, state: Any) -> Awaitable[None]: ...


class NoCheckpoints:
    """The checkpoints of a context that no worker made: nothing is saved."""

    def state(self) -> Any:
        """None: nothing was saved."""
        return None

    def save(self, state: Any) -> None:
        """Nothing to save to."""

    async def save_async(self, state: Any) -> None:
        """Nothing to save to."""


NO_CHECKPOINTS = NoCheckpoints()


class Reports(Protocol):
    """What the handler tells of its progress."""

    def progress(self, done: float, total: float, note: str) -> None: ...

    def log(self, text: str) -> None: ...


class NoReports:
    """The reports of a context that no worker made: nobody is told."""

    def progress(self, done: float, total: float, note: str) -> None:
        """Nobody to tell."""

    def log(self, text: str) -> None:
        """Nobody to tell."""


NO_REPORTS = NoReports()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext:
    """The task a handler runs.

    Store `fence` with what the handler writes to a database, and refuse writes with a smaller one: they come from a
    worker that lost its lease.
    """

    id: str
    """The id of the task."""
    name: str
    """The name of its handler."""
    queue: str
    """The queue in which it waited."""
    attempt: int
    """The number of this attempt, from 1."""
    max_attempts: int
    """How many attempts there are at most."""
    fence: int
    """A number that is larger with every lease of the task."""
    priority: int
    """Its priority; lower ones run first."""
    run_at_ms: int
    """When the task was due, in milliseconds of the server's time."""
    worker: str
    """The name of the worker process."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The texts that middleware of the producer sent along."""
    args: Sequence[Any] = field(default=(), repr=False)
    """The arguments given by position."""
    kwargs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The arguments given by name."""
    values: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What middleware, handler and events share during this attempt, in this process."""
    _function: Callable[..., Any] | None = field(default=None, repr=False, compare=False)
    _time_limit: TimeLimit = field(default=NO_TIME_LIMIT, repr=False, compare=False)
    _checkpoints: Checkpoints = field(default=NO_CHECKPOINTS, repr=False, compare=False)
    _reports: Reports = field(default=NO_REPORTS, repr=False, compare=False)

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments by the names of the handler's parameters, with its defaults.

        Only those given by name if the arguments do not fit the handler.
        """
        if self._function is None:
            return dict(self.kwargs)
        try:
            bound = inspect.signature(self._function).bind(*self.args, **self.kwargs)
        except (TypeError, ValueError):
            return dict(self.kwargs)
        bound.apply_defaults()
        return bound.arguments

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the timeout tells the handler to end; 0.0 from then on, None without a timeout."""
        return self._time_limit.remaining_s()

    def extend(self, seconds: float | timedelta) -> None:
        """Move the timeout of this attempt so much later. Does nothing without a timeout, or after it.

        Can be called from any thread of the handler. Raises InvalidOption.
        """
        self._time_limit.extend(check_milliseconds("seconds", seconds) / 1e3)

    @property
    def state(self) -> Any:
        """What an earlier attempt of this task saved last with `checkpoint`; None if none did.

        Raises Undecodable if the stored bytes are damaged.
        """
        return self._checkpoints.state()

    def checkpoint(self, state: Any) -> None:
        """Save how far this handler has come: it is the `state` of the next attempt. Blocks until Redis has it.

        A state is any value that an argument may be; each takes the place of the one before. Raises NotEncodable and
        PayloadTooLarge, LeaseLost if another worker may have the task by now, BrokerError if Redis does not save it,
        and RuntimeError on an event loop, where `checkpoint_async` is to be awaited.
        """
        self._checkpoints.save(state)

    async def checkpoint_async(self, state: Any) -> None:
        """As `checkpoint`, without blocking the event loop."""
        await self._checkpoints.save_async(state)

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Tell how far this handler has come: `done` of `total`, in any unit. A note has up to 200 characters.

        Returns at once, in sync and async handlers: the worker sends the newest progress twice a second at most, and
        the last one before the task is settled. What a worker tells that has lost the task is refused. Raises
        InvalidOption.
        """
        check_progress(done, total, note)
        self._reports.progress(done, total, note)

    def log(self, text: str) -> None:
        """Add a text to the log of this task, one line or several. It is sent as `progress` is.

        The newest 200 lines are kept, and of these at most 16 KiB; a line is cut off after 2,000 characters. Raises
        InvalidOption for anything but a text.
        """
        check_log_text(text)
        self._reports.log(text)


class Running(Protocol):
    """A running task. Its context is made only when it is asked for."""

    def task_context(self) -> TaskContext: ...


running: ContextVar[Running | None] = ContextVar("redisched_running", default=None)
"""Set by the executor around each handler."""
free_slots: ContextVar[Callable[[], int] | None] = ContextVar("redisched_free_slots", default=None)
"""How many more tasks the worker process that runs this handler can run now; None outside of one."""

checkpoints_of: ContextVar[Callable[[Any], Checkpoints] | None] = ContextVar("redisched_checkpoints_of", default=None)
"""How the worker that runs this handler makes the checkpoints of a leased task; None outside of one."""

reports_of: ContextVar[Callable[[Any], Reports] | None] = ContextVar("redisched_reports_of", default=None)
"""Who takes what the handler of a leased task tells; None outside of a worker."""


def current_task() -> TaskContext:
    """The task whose handler is running here.

    Raises LookupError outside of a handler.
    """
    task = running.get()
    if task is None:
        raise LookupError("current_task() works inside a running handler only")
    return task.task_context()
