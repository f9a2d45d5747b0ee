"""Makes handlers of the tasks that Django's `@task` makes, and sends Django's signals when they start and end."""

from collections.abc import Callable
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import Any

from django.utils import timezone

from redisched.client.scheduler import Scheduler
from redisched.context import TaskContext, current_task
from redisched.django.connections import close_old_connections
from redisched.django.known_tasks import remember, task_named
from redisched.django.task_interface import (
    Task,
    TaskResult,
    TaskResultDoesNotExist,
    TaskResultStatus,
    normalize_json,
    signals,
)
from redisched.django.task_interface import TaskContext as DjangoContext
from redisched.django.task_results import set_return_value, started_result
from redisched.events import AttemptFailure
from redisched.handler_options import HandlerOptions
from redisched.registry import HandlerEntry

_STARTED = "django.TaskResult"
"""Where the values of an attempt hold its TaskResult."""


def register(app: Scheduler, task: Task) -> None:
    """Let workers of the application know a task."""
    if task_named(task.module_path) is not None:
        return
    remember(task)
    options = HandlerOptions(queue=task.queue_name)
    is_async = iscoroutinefunction(task.func)
    make = _async_handler if is_async else _sync_handler
    entry = HandlerEntry(name=task.module_path, function=make(task), is_async=is_async, options=options)
    app.registry.add(entry)


def tell_ends(app: Scheduler) -> None:
    """Send `task_finished` for tasks that have ended."""

    def on_success(ctx: TaskContext, value: Any) -> None:
        started = ctx.values.get(_STARTED)
        if started is None:
            _tell_end(ctx)
            return
        finished = replace(started, status=TaskResultStatus.SUCCESSFUL, finished_at=timezone.now())
        set_return_value(finished, value)
        _send_finished(finished)

    def on_dead(ctx: TaskContext, _failure: AttemptFailure) -> None:
        _tell_end(ctx)

    app.on_success(on_success)
    app.on_dead(on_dead)
    app.on_cancelled(_tell_end)


def _tell_end(ctx: TaskContext) -> None:
    task = task_named(ctx.name)
    if task is None:
        return
    try:
        result = task.get_backend().get_result(ctx.id)
    except TaskResultDoesNotExist:
        # Nothing is kept of it.
        started: TaskResult = ctx.values.get(_STARTED) or started_result(task, ctx, None)
        result = replace(started, status=TaskResultStatus.FAILED, finished_at=timezone.now())
    _send_finished(result)


def _send_finished(result: TaskResult) -> None:
    try:
        signals.task_finished.send(type(result.task.get_backend()), task_result=result)
    finally:
        close_old_connections()


def _sync_handler(task: Task) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        ctx = current_task()
        before = task.get_backend().get_result(ctx.id) if ctx.attempt > 1 else None
        result = ctx.values[_STARTED] = started_result(task, ctx, before)
        signals.task_started.send(type(task.get_backend()), task_result=result)
        return normalize_json(task.func(*_context(task, result), *args, **kwargs))

    return run


def _async_handler(task: Task) -> Callable[..., Any]:
    async def run(*args: Any, **kwargs: Any) -> Any:
        ctx = current_task()
        before = await task.get_backend().aget_result(ctx.id) if ctx.attempt > 1 else None
        result = ctx.values[_STARTED] = started_result(task, ctx, before)
        await signals.task_started.asend(type(task.get_backend()), task_result=result)
        return normalize_json(await task.func(*_context(task, result), *args, **kwargs))

    return run


def _context(task: Task, result: TaskResult) -> tuple[DjangoContext, ...]:
    """What the function of a task is called with before its arguments."""
    return (DjangoContext(task_result=result),) if task.takes_context else ()
