"""Handlers of a Django project: found in every `tasks.py`, enqueued after the commit, and treated as requests are."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TestCase

from redisched import TaskState, testing
from redisched.django import app
from redisched.engine.application import load_application
from redisched.errors import TaskFailed
from tests.django.shop.tasks import ask, ask_and_fail, ask_as_task, ask_async, query, seen


def test_a_worker_knows_the_handlers_of_every_app_and_of_the_imports() -> None:
    application = load_application("redisched.django.application:load")

    assert application is app
    names = {entry.name for entry in application.registry}
    assert {"ask", "elsewhere", "tests.django.shop.tasks.add"} <= names
    assert {"mail", "default", "reports"} <= set(application.registry.queues())
    assert application.settings.prefix == "shop"


def test_a_task_of_a_transaction_is_there_after_the_commit(worker: testing.VirtualWorker) -> None:
    with transaction.atomic():
        task = ask.enqueue()
        many = app.enqueue_many([ask.request(), ask.request()])
        assert worker.run_until_idle() == 0
        assert task.status() is TaskState.UNKNOWN

    assert worker.run_until_idle() == 3
    assert [ref.result() for ref in (task, *many)] == [5] * 3


def test_a_task_of_a_transaction_that_is_rolled_back_is_never_there(worker: testing.VirtualWorker) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        task = ask.enqueue()
        raise ZeroDivisionError

    assert worker.run_until_idle() == 0
    assert task.status() is TaskState.UNKNOWN


def test_without_a_transaction_a_task_is_there_at_once(worker: testing.VirtualWorker) -> None:
    assert ask.enqueue().status() is TaskState.READY
    assert asyncio.run(enqueue_async()) is TaskState.READY
    assert worker.run_until_idle() == 2


async def enqueue_async() -> TaskState:
    task = await ask.enqueue_async()
    return await task.status_async()


def is_open(connection: Any) -> bool:
    try:
        connection.execute("SELECT 1")
    except Exception as error:
        # SQLite refuses another thread before it looks whether the connection is closed.
        return "closed" not in str(error).lower()
    return True


def test_what_a_sync_handler_used_of_the_databases_is_closed(worker: testing.VirtualWorker) -> None:
    task, failing = ask.enqueue(), ask_and_fail.enqueue()
    worker.run_until_idle()

    assert task.result() == 5
    with pytest.raises(TaskFailed, match="ValueError"):
        failing.result()
    connections = [connection for connection, _ in seen[:2]]
    assert connections[0] is not connections[1]
    assert ("dead", "ask_and_fail") in seen


@pytest.mark.parametrize("handler", [ask, ask_and_fail, ask_as_task], ids=["handler", "failing", "task of Django"])
def test_a_test_that_is_a_transaction_keeps_its_connection(worker: testing.VirtualWorker, handler: Any) -> None:
    with transaction.atomic():
        with TestCase.captureOnCommitCallbacks(execute=True):
            handler.enqueue()
        worker.run_until_idle()
        assert seen[0][0] is connection.connection
        assert query() == 5


def test_an_async_handler_has_a_thread_for_its_databases(worker: testing.VirtualWorker) -> None:
    first, second = ask_async.enqueue(), ask_async.enqueue()
    worker.run_until_idle()

    assert [first.result(), second.result()] == [[5, 5], [5, 5]]
    assert len(seen) == 4
    assert len({id(connection) for connection, _ in seen}) == 2
