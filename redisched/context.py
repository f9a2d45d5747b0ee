"""What a running handler can ask about the task it runs."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext:
    """The task a handler runs.

    `fence` grows with every lease of the task: hand it to your own database to refuse writes of a worker that was
    presumed dead. `attempt` counts from 1. `run_at_ms` is when it was due, in server milliseconds.
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


class Running(Protocol):
    """A task being run; its context is made only when somebody asks."""

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
