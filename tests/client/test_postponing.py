"""Enqueue middleware may postpone the sending, such as until a database has committed."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched import EnqueueContext, Scheduler, TaskState
from redisched.errors import InvalidOption
from redisched.store.broker import Broker
from tests.client.test_around_enqueue import ASYNC, SYNC, add_handler, enqueue
from tests.engine.running import work_off

Next = Callable[[], Any]


class Transaction:
    """Keeps what is to be called when it commits."""

    def __init__(self) -> None:
        self.kept: list[Next] = []

    def on_commit(self, call: Next) -> None:
        """Keep a function."""
        self.kept.append(call)

    def commit(self) -> None:
        """Call what was kept."""
        for call in self.kept:
            call()


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    add_handler(app)
    return app


@pytest.fixture
def transaction(app: Scheduler) -> Transaction:
    transaction = Transaction()

    @app.enqueue_middleware
    def after_commit(ctx: EnqueueContext, call_next: Next) -> Any:
        for task in ctx.tasks:
            task.queue, task.headers["tenant"] = "mail", "a"
        return ctx.postpone(transaction.on_commit, call_next)

    return transaction


@pytest.mark.parametrize("way", SYNC)
def test_a_postponed_task_is_there_once_the_transaction_commits(
    app: Scheduler, transaction: Transaction, way: str
) -> None:
    ref = enqueue(app, way)
    assert (ref.queue, ref.is_new, ref.status()) == ("mail", False, TaskState.UNKNOWN)

    transaction.commit()

    assert ref.status() is TaskState.READY
    work_off(app, queues=("mail",))
    assert ref.result(5) == [{"tenant": "a"}, "mail", 5]


def test_a_postponed_task_is_never_there_without_a_commit(app: Scheduler, transaction: Transaction) -> None:
    refs = app.enqueue_many([app.request("about", number) for number in range(3)])

    assert [ref.status() for ref in refs] == [TaskState.UNKNOWN] * 3
    transaction.commit()
    assert [ref.status() for ref in refs] == [TaskState.READY] * 3


def test_what_is_committed_twice_is_one_task(app: Scheduler, transaction: Transaction) -> None:
    ref = enqueue(app, "enqueue")

    transaction.commit()
    transaction.commit()

    assert ref.status() is TaskState.READY
    work_off(app, queues=("mail",))
    assert ref.result(5)


def test_what_is_called_at_once_is_not_postponed(app: Scheduler) -> None:
    @app.enqueue_middleware
    def at_once(ctx: EnqueueContext, call_next: Next) -> Any:
        return ctx.postpone(lambda call: call(), call_next)

    assert enqueue(app, "enqueue").is_new


@pytest.mark.parametrize("way", ASYNC)
def test_an_async_call_cannot_be_postponed(app: Scheduler, transaction: Transaction, way: str) -> None:
    with pytest.raises(InvalidOption, match="await enqueue_async after the commit"):
        enqueue(app, way)

    assert transaction.kept == []
