"""Notices a handler that waits for the result of another task and occupies the last free slot, which that task may
need.
"""

from typing import TYPE_CHECKING

from redisched.context import free_slots, running
from redisched.lazy import LazyModule
from redisched.model import TaskState
from redisched.printable import printable

if TYPE_CHECKING:
    import logging
else:
    logging = LazyModule("logging")

SAID_AFTER_S = 1.5
"""A warning is logged only if the wait takes longer than this."""
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
        """Advice for the user if this wait may never end because no slot is free for the task; else "".

        After SAID_AFTER_S the advice is also logged, once.
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
