"""Makes Django's TaskResult of what Redis has of a task."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from redisched.client.results import error_of
from redisched.context import TaskContext
from redisched.django.known_tasks import task_named
from redisched.django.task_interface import Task, TaskError, TaskResult, TaskResultStatus
from redisched.identity import made_ms
from redisched.model import LARGEST_RUN_AT_MS, Failure, TaskState
from redisched.store.view import TaskView

HIGHEST_PRIORITY, LOWEST_PRIORITY = 100, -100
"""Django's priorities go from 100, which is first, to -100; those of redisched from 0 to 200 then."""
RUN_AFTER = "run_after"
"""The header with the time that the caller asked for: a retry is due at another one."""
BACKEND = "backend"
"""The header with the alias of the backend that enqueued the task, if the function was decorated for another one."""
_STATUS = {
    TaskState.RUNNING: TaskResultStatus.RUNNING,
    TaskState.SUCCEEDED: TaskResultStatus.SUCCESSFUL,
    TaskState.DEAD: TaskResultStatus.FAILED,
    TaskState.CANCELLED: TaskResultStatus.FAILED,
    TaskState.EXPIRED: TaskResultStatus.FAILED,
    TaskState.LOST: TaskResultStatus.FAILED,
}
_CLASS = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)")


def result_of(view: TaskView, alias: str) -> TaskResult | None:
    """The result of a task; None if it is none of Django's tasks, or of one that no imported module has."""
    task, body = task_named(view.name), view.body
    if task is None or body is None:
        return None
    headers = body.headers or {}
    alias = headers.get(BACKEND, alias)
    first_start_ms = next(_starts(view), 0)
    result = TaskResult(
        task=_as_asked(task, view.priority, view.queue, alias, headers.get(RUN_AFTER)),
        id=view.id,
        status=_STATUS.get(view.state, TaskResultStatus.READY),
        # The clocks of a producer and of Redis may differ.
        enqueued_at=moment(min(made_ms(view.id), first_start_ms or LARGEST_RUN_AT_MS)),
        started_at=moment(first_start_ms),
        finished_at=moment(view.outcome.ended_ms if view.outcome else view.died_ms or 0),
        last_attempted_at=moment(max(_starts(view), default=0)),
        args=list(body.args),
        kwargs=dict(body.kwargs),
        backend=alias,
        errors=list(_errors(view)),
        worker_ids=list(_workers(view)),
    )
    if view.state is TaskState.SUCCEEDED and view.outcome is not None:
        set_return_value(result, view.outcome.result)
    return result


def started_result(task: Task, ctx: TaskContext, before: TaskResult | None) -> TaskResult:
    """The result of a task whose attempt begins. `before` is the one of now, if there were other attempts."""
    now = timezone.now()
    if before is not None:
        workers = [*before.worker_ids, ctx.worker][: ctx.attempt]
        return replace(before, status=TaskResultStatus.RUNNING, last_attempted_at=now, worker_ids=workers)
    alias = ctx.headers.get(BACKEND, task.backend)
    return TaskResult(
        task=_as_asked(task, ctx.priority, ctx.queue, alias, ctx.headers.get(RUN_AFTER)),
        id=ctx.id,
        status=TaskResultStatus.RUNNING,
        enqueued_at=moment(made_ms(ctx.id)),
        started_at=now,
        finished_at=None,
        last_attempted_at=now,
        args=list(ctx.args),
        kwargs=dict(ctx.kwargs),
        backend=alias,
        errors=[],
        worker_ids=[ctx.worker],
    )


def _as_asked(task: Task, priority: int | None, queue: str, alias: str, run_after: str | None) -> Task:
    """The task with what its caller asked for. It is not checked again: a queue may be none of the settings any more,
    and redisched has priorities that Django does not have, of which the nearest one is told.
    """
    asked = copy(task)
    changes = {
        "priority": task.priority if priority is None else max(HIGHEST_PRIORITY - priority, LOWEST_PRIORITY),
        "queue_name": queue,
        "backend": alias,
        "run_after": None if run_after is None else datetime.fromisoformat(run_after),
    }
    for name, value in changes.items():
        object.__setattr__(asked, name, value)
    return asked


def set_return_value(result: TaskResult, value: Any) -> None:
    """Say what the task returned. Django has no other way."""
    object.__setattr__(result, "_return_value", value)


def moment(ms: int) -> datetime | None:
    """A time as the project has times, aware if it uses zones; None for 0."""
    if not ms:
        return None
    aware = datetime.fromtimestamp(ms / 1e3, UTC)
    return aware if settings.USE_TZ else timezone.make_naive(aware)


def class_path(failure: Failure) -> str:
    """The class of the error of a failure, as Django imports it."""
    last = _last_line(failure.traceback) or failure.error
    found = _CLASS.match(last)
    path = found[1] if found else "builtins.Exception"
    return path if "." in path else f"builtins.{path}"


def _last_line(traceback: str) -> str:
    """The line of a traceback that names its error, which may have a message of several lines."""
    lines = [line for line in traceback.splitlines() if line and not line[0].isspace()]
    return next((line for line in reversed(lines) if _CLASS.match(line)), "")


def _starts(view: TaskView) -> Iterator[int]:
    yield from (failure.started_ms for failure in view.failures if failure.started_ms)
    if view.started_ms:
        yield view.started_ms


def _errors(view: TaskView) -> Iterator[TaskError]:
    for failure in view.failures:
        yield TaskError(exception_class_path=class_path(failure), traceback=failure.traceback or failure.error)
    ended = error_of(view) if view.state in _STATUS and view.state is not TaskState.RUNNING else None
    if ended is not None and view.state is not TaskState.DEAD:
        yield TaskError(exception_class_path=f"redisched.errors.{type(ended).__name__}", traceback=str(ended))


def _workers(view: TaskView) -> Sequence[str]:
    ran = [failure.worker for failure in view.failures]
    is_running = view.state is TaskState.RUNNING or view.state is TaskState.SUCCEEDED
    return [*ran, view.worker] if is_running else ran
