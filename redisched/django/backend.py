"""The backend of Django's tasks: `TASKS = {"default": {"BACKEND": "redisched.django.backend.RedischedBackend"}}`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from redisched.client.around_enqueue import with_headers
from redisched.client.request import TaskRequest
from redisched.django.application import app
from redisched.django.known_tasks import task_named
from redisched.django.running import register, tell_ends
from redisched.django.task_interface import (
    BaseTaskBackend,
    InvalidTask,
    Task,
    TaskResult,
    TaskResultDoesNotExist,
    TaskResultStatus,
    normalize_json,
    signals,
)
from redisched.django.task_results import BACKEND, HIGHEST_PRIORITY, RUN_AFTER, moment, result_of
from redisched.errors import InvalidInput
from redisched.identity import is_given, made_ms
from redisched.model import Keep, TaskState
from redisched.option_checks import check_queue
from redisched.options import check_options
from redisched.store import inspect
from redisched.store.operation import Operation
from redisched.store.view import TaskView

OPTIONS = ("max_attempts", "timeout", "retention", "expires", "deadline", "durable")
"""What `OPTIONS` of a backend may say of all its tasks, by the names of redisched's own options."""


class RedischedBackend(BaseTaskBackend):
    """Enqueues the tasks of Django with the project's Scheduler. A task is tried once if OPTIONS do not say otherwise.

    Raises ImproperlyConfigured for OPTIONS that are none.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, params)
        self._options = {"max_attempts": 1, **_checked(alias, self.options)}
        _tell_ends_once()
        for queue in self.queues:
            try:
                app.registry.more_queues.append(check_queue("QUEUES", queue))
            except InvalidInput as error:
                raise ImproperlyConfigured(f"TASKS[{alias!r}]: {error}") from None

    def validate_task(self, task: Task) -> None:
        """Raises InvalidTask for a task that cannot be enqueued; one that can is known to workers from now on."""
        super().validate_task(task)
        try:
            check_queue("queue_name", task.queue_name)
        except InvalidInput as error:
            raise InvalidTask(str(error)) from None
        register(app, task)

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Enqueue a task; on return Redis has it, or within a transaction will have it, if the settings say so."""
        request = self._request(task, args, kwargs)
        app.enqueue_many([request])
        result = self._enqueued(task, args, kwargs, request.id)
        signals.task_enqueued.send(type(self), task_result=result)
        return result

    async def aenqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """As `enqueue`; never waits for a transaction."""
        request = self._request(task, args, kwargs)
        await app.enqueue_many_async([request])
        result = self._enqueued(task, args, kwargs, request.id)
        await signals.task_enqueued.asend(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """The task as it stands now. Raises TaskResultDoesNotExist, also once its retention is over."""
        connection = app.connection
        connection.expect_server()
        return self._result(result_id, connection.run(self._find(result_id), "get_result"))

    async def aget_result(self, result_id: str) -> TaskResult:
        """As `get_result`."""
        connection = app.connection
        connection.expect_server()
        return self._result(result_id, await connection.run_async(self._find(result_id)))

    def _request(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskRequest:
        self.validate_task(task)
        options = self._options | {"queue": task.queue_name, "priority": HIGHEST_PRIORITY - task.priority}
        if task.run_after is not None:
            options["run_at"] = _aware(task.run_after)
        request = app.request(task.module_path, *normalize_json(args), kwargs=normalize_json(kwargs), **options)
        headers = {} if task.run_after is None else {RUN_AFTER: task.run_after.isoformat()}
        known = task_named(task.module_path)
        if known is not None and known.backend != self.alias:
            headers[BACKEND] = self.alias
        return with_headers(request, headers, app.settings.payload_limit) if headers else request

    def _enqueued(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any], task_id: str) -> TaskResult:
        return TaskResult(
            task=task,
            id=task_id,
            status=TaskResultStatus.READY,
            enqueued_at=moment(made_ms(task_id)),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=list(args),
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )

    def _find(self, result_id: str) -> Operation[list[TaskView]]:
        return (yield from inspect.find(app.broker.script_runner, result_id)) if is_given(result_id) else []

    def _result(self, result_id: str, found: Sequence[TaskView]) -> TaskResult:
        known = [view for view in found if view.state is not TaskState.UNKNOWN]
        result = result_of(known[0], self.alias) if known else None
        if result is None:
            raise TaskResultDoesNotExist(result_id)
        return result


@cache
def _tell_ends_once() -> None:
    tell_ends(app)


def _aware(moment: datetime) -> datetime:
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _checked(alias: str, options: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise ImproperlyConfigured(
            f"TASKS[{alias!r}] OPTIONS: there is no {unknown[0]!r}; there are {', '.join(OPTIONS)}"
        )
    try:
        # Where nothing can be read after the end, there is nothing to keep.
        keep = Keep.NOTHING if check_options(dict(options)).retention_ms == 0 else Keep.TASK
    except InvalidInput as error:
        raise ImproperlyConfigured(f"TASKS[{alias!r}] OPTIONS: {error}") from None
    return {**options, "keep": keep}
