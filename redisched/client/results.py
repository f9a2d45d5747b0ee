"""The result of a task that has ended, or the error that says why it has none."""

from collections.abc import Callable
from typing import Any

from redisched.errors import RedischedError, TaskCancelled, TaskExpired, TaskFailed, TaskLost, Undecodable, UnknownTask
from redisched.model import TaskState
from redisched.store.view import TaskView


def has_ended(view: TaskView) -> bool:
    """Whether nothing more will happen to a task. A task that no queue has counts as ended."""
    return view.state in (TaskState.DEAD, TaskState.UNKNOWN) or view.outcome is not None


def result_of(view: TaskView, read: Callable[[str, Any], Any]) -> Any:
    """What the handler of an ended task returned. Raises the error that `error_of` answers.

    `read` turns a result, as it travelled, into what the handler of this name returned.
    """
    error = error_of(view)
    if error is not None:
        raise error
    return None if view.outcome is None else read(view.outcome.name, view.outcome.result)


def error_of(view: TaskView) -> RedischedError | None:
    """The error that `result()` raises for a task that has ended; None if its handler returned."""
    if view.state is TaskState.DEAD:
        failure = view.failure
        if failure is None:
            return TaskFailed(view.id, "its failure cannot be read", "", "")
        return TaskFailed(view.id, failure.reason, failure.error, failure.traceback)
    if view.undecodable:
        return Undecodable(view.undecodable)
    if view.state is TaskState.CANCELLED:
        return TaskCancelled(view.id)
    if view.state is TaskState.EXPIRED:
        return TaskExpired(view.id)
    if view.state is TaskState.LOST:
        return TaskLost(view.id)
    return UnknownTask(view.id) if view.outcome is None else None
