"""Tasks to hold filters against."""

from typing import Any

from redisched.filters.parsing import parse
from redisched.model import DeathReason, Failure, Outcome, TaskBody, TaskState
from redisched.store.view import TaskView

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


def task(state: TaskState = TaskState.READY, name: str = "send_mail", *args: Any, **fields: Any) -> TaskView:
    """A task of the queue mail with the id a1. `kwargs` are the keyword arguments of its handler."""
    kwargs = fields.pop("kwargs", {})
    known: dict[str, Any] = {"id": "a1", "queue": "mail", "priority": 5, "body": TaskBody(name, args, kwargs)}
    return TaskView(state=state, now_ms=NOW_MS, **(known | fields))


def dead(error: str, died_ms: int = NOW_MS, **fields: Any) -> TaskView:
    """A dead task."""
    failure = Failure(name="send_mail", error=error, worker="w1", reason=DeathReason.ATTEMPTS)
    return task(TaskState.DEAD, failures=(failure,), died_ms=died_ms, **fields)


def ended(ended_ms: int) -> TaskView:
    """A task that has succeeded; only its outcome is left."""
    outcome = Outcome(TaskState.SUCCEEDED, "send_mail", worker="w2", ended_ms=ended_ms)
    return task(TaskState.SUCCEEDED, body=None, outcome=outcome, worker="w2")


def holds(text: str, view: TaskView) -> bool:
    """Whether a filter holds for a task. What it says without the body never excludes what it says with it."""
    wanted = parse(text)
    if wanted.matches(view):
        assert wanted.may_match(view)
    return wanted.matches(view)
