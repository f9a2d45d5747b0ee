"""Notices a handler that waits for a task which may need the very slot that the handler keeps."""

from typing import TYPE_CHECKING

from redisched.context import free_slots, running
from redisched.lazy import LazyModule
from redisched.model import TaskState
from redisched.printable import printable

if TYPE_CHECKING:
    import logging
else:
    logging = LazyModule("logging")

SAID_AFTER_S = 2.0
"""A wait that is shorter is no trouble."""
ADVICE = (
    "the handler that waits keeps the last slot of its process, so no other task can run there; "
    "give the worker more --concurrency, or do not wait in a handler"
)


class LastSlot:
    """One wait for a result. `since_s` is when it began, in monotonic seconds."""

    def __init__(self, awaited_id: str, since_s: float) -> None:
        self._awaited_id = awaited_id
        self._said_from_s = since_s + SAID_AFTER_S
        self._has_said = False

    def advice(self, state: TaskState, now_s: float) -> str:
        """What to do when this wait may never end, as the task in this state has no slot; else nothing.

        It is logged, too, once this has gone on for a while.
        """
        task, free = running.get(), free_slots.get()
        if task is None or free is None or state is TaskState.RUNNING or free() > 0:
            return ""
        if now_s >= self._said_from_s and not self._has_said:
            self._has_said = True
            context = task.task_context()
            names = (printable(context.name), printable(context.id), printable(self._awaited_id))
            log = logging.getLogger("redisched.worker")
            log.warning("task %s %s waits for the result of task %s: %s", *names, ADVICE)
        return ADVICE
