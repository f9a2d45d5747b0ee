"""The errors about one task, or about several; redisched.errors has all errors, and draws their tree."""

from collections.abc import Sequence
from typing import Any

from redisched.server_errors import RedischedError
from redisched.shortened import shortened

_GIVEN_ID_LENGTH = 20


class TaskError(RedischedError):
    """Base of errors about one task."""

    def __init__(self, task_id: str, explanation: str) -> None:
        self.task_id = task_id
        super().__init__(f"task {task_id!r} {explanation}")


class UnknownTask(TaskError):
    """Raised when an id was never enqueued, or was deleted: after its retention, or beyond `kept_results` others."""

    def __init__(self, task_id: str) -> None:
        reason = "is unknown: never enqueued in this queue, or forgotten; see retention, kept_results"
        if len(task_id) != _GIVEN_ID_LENGTH and "~" not in task_id:
            # A task with a unique key is not found under the bare id that its caller chose.
            reason += "; if it has a unique key, use the id that enqueue returned"
        super().__init__(task_id, reason)


class UnknownTasks(UnknownTask):
    """Raised by a call for many tasks if some of their ids are unknown. `ids` are these ids, and `changes` is what the
    call did with all others before it raised.
    """

    def __init__(self, ids: Sequence[str], changes: Sequence[Any]) -> None:
        self.ids = tuple(ids)
        self.changes = tuple(changes)
        super().__init__(ids[0])
        if len(ids) > 1:
            self.args = (f"{self}; so are {len(ids) - 1} more of the given ids",)


class DuplicateTask(TaskError):
    """Raised when a task is enqueued with `on_duplicate="reject"`, and another task has its unique key. The other tasks
    of the same `enqueue_many` have been enqueued.
    """

    def __init__(self, task_id: str, key: str) -> None:
        self.key = key
        super().__init__(task_id, f"has the unique key {shortened(key)}, so no other was added")


class TaskFailed(TaskError):
    """Raised by `result()` when the task ended dead; carries the error and traceback as text."""

    def __init__(self, task_id: str, reason: str, error: str, traceback: str) -> None:
        self.reason = reason
        self.error = error
        self.traceback = traceback
        super().__init__(task_id, f"is dead ({reason}): {error}")


class TaskCancelled(TaskError):
    """Raised by `result()` when the task was cancelled."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id, "was cancelled")


class TaskExpired(TaskError):
    """Raised by `result()` when no worker started the task before it expired."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id, "expired: no worker started it in time, and none will")


class TaskLost(TaskError):
    """Raised by `result()` when the task may start only once, and its handler was interrupted by a crash or a stop."""

    def __init__(self, task_id: str) -> None:
        super().__init__(
            task_id, "is lost: its handler was interrupted, nobody knows how far it came, and it never starts again"
        )


class LeaseNotHeld(TaskError):
    """Raised by a lease of `app.claim` that does not hold its task any more. Nothing was changed."""

    LOST = "is not held by this lease any more: it ran out, and others may have the task"
    SETTLED = "was settled by this lease before, by {}"
    ENDED = "is not held by this lease any more: the block of its claim has ended; settle it inside"

    def __init__(self, task_id: str, reason: str) -> None:
        self.reason = reason
        super().__init__(task_id, reason)


class NotDurable(TaskError):
    """Raised when tasks are enqueued, but too few disks or replicas confirmed them in time.

    `task_id` is the id of the first task. `requests` are as in BrokerUnavailable.
    """

    requests: tuple[Any, ...] = ()

    def __init__(self, task_ids: Sequence[str], owners: str, confirmed: int, wanted: int) -> None:
        self.task_ids = tuple(task_ids)
        self.owners = owners
        self.confirmed = confirmed
        self.wanted = wanted
        are = f"and {len(task_ids) - 1} more are" if len(task_ids) > 1 else "is"
        missing = f"only {confirmed} of {wanted} {owners} had it in time; enqueue it again under the same id"
        super().__init__(task_ids[0], f"{are} enqueued, but {missing}")


class ResultTimeout(TaskError, TimeoutError):
    """Raised by `result(timeout=)` when a task has not ended in time; `missing` says why, if known."""

    def __init__(self, task_id: str, timeout_s: float, missing: str = "") -> None:
        self.timeout_s = timeout_s
        self.missing = missing
        why = f"as {missing}" if missing else "and goes on"
        super().__init__(task_id, f"has not ended within {timeout_s:g} s, {why}; ask again later")
