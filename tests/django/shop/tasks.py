"""Handlers and tasks of the app, and what they saw."""

import threading
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection

from redisched import TaskContext, current_task
from redisched.django import app
from redisched.django.task_interface import TaskContext as DjangoContext

try:
    from django.tasks import task
except ModuleNotFoundError:
    from django_tasks import task

seen: list[Any] = []


def query() -> Any:
    """Ask the database, and remember the connection and its thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 5")
        seen.append((connection.connection, threading.get_ident()))
        return cursor.fetchone()[0]


@app.task(name="ask", queue="mail")
def ask() -> Any:
    """Ask the database."""
    return query()


@app.task(name="ask_async", queue="mail")
async def ask_async() -> Any:
    """Ask the database, twice."""
    return [await sync_to_async(query)() for _ in range(2)]


@app.task(name="ask_and_fail", queue="mail", max_attempts=1)
def ask_and_fail() -> None:
    """Ask the database, and fail."""
    query()
    raise ValueError("no")


@task
def add(one: int, two: int = 0) -> int:
    """A task with a result."""
    return one + two


@task(priority=10)
async def add_async(one: int, two: int = 0) -> int:
    """An async one."""
    return one + two


class NotYet(Exception):
    """Raised by the first attempts of `try_again`."""


@task(backend="stubborn", queue_name="mail")
def try_again(until: int) -> int:
    """Fails before this attempt."""
    if current_task().attempt < until:
        raise NotYet("not yet:\nin the second line")
    return until


@task
def ask_as_task() -> Any:
    """Ask the database."""
    return query()


@task(takes_context=True)
def look(context: DjangoContext) -> Any:
    """Answers what the context says."""
    result = context.task_result
    return [result.id, context.attempt, str(result.status), result.worker_ids == [current_task().worker]]


@task
def note(text: str) -> None:
    """Remember a text."""
    seen.append(text)


@task
def cancel_itself() -> None:
    """Fails once it is to be cancelled."""
    app.ref(current_task().id).cancel()
    raise ValueError("no")


@task
def answer_an_object() -> object:
    """Answers what JSON cannot hold."""
    return object()


@app.on_dead
def on_dead(ctx: TaskContext, _failure: object) -> None:
    """An event of the project's own."""
    seen.append(("dead", ctx.name))
