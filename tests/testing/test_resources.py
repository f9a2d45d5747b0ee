"""Resources and lifespans in tests of handlers: they are opened as in production, or values take their place."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from typing import Annotated, Any

import pytest

from redisched import Resource, Scheduler, testing
from redisched.errors import InvalidArguments, InvalidOption, LifespanFailed, TaskFailed

said: list[str] = []
app = Scheduler()


class Database:
    """What production uses."""

    name = "production"


class Fake(Database):
    """What tests use."""

    name = "fake"


async def make_database() -> AsyncIterator[Database]:
    """The database of a process."""
    said.append("connect")
    yield Database()
    await asyncio.sleep(0)
    said.append("disconnect")


def begin(db: Annotated[Database, Resource(make_database)]) -> Iterator[str]:
    """The transaction of a task."""
    yield f"transaction of {db.name}"
    said.append("commit")


@app.lifespan
async def life() -> AsyncIterator[None]:
    """Around the life of a worker."""
    said.append("open")
    yield
    said.append("close")


@app.task(name="charge", max_attempts=1)
def charge(order: int, transaction: Annotated[str, Resource(begin, per="task")]) -> list[Any]:
    """Takes a resource that takes another one."""
    return [order, transaction]


@app.task(name="refund", max_attempts=1)
async def refund(order: int, db: Annotated[Database, Resource(make_database)]) -> list[Any]:
    """As `charge`."""
    return [order, db.name]


@pytest.fixture(autouse=True)
def _nothing_said() -> None:
    said.clear()


def test_everything_is_opened_once_for_the_worker_of_a_test_and_closed_after_it() -> None:
    with testing.worker(app):
        assert charge.enqueue(1).result() == [1, "transaction of production"]
        assert refund.enqueue(2).result() == [2, "production"]
        assert charge.enqueue(3).result() == [3, "transaction of production"]

    assert said == ["open", "connect", "commit", "commit", "disconnect", "close"]


def test_a_value_takes_the_place_of_what_a_factory_makes() -> None:
    with testing.worker(app, resources={make_database: Fake()}, lifespans=False):
        assert refund.enqueue(2).result() == [2, "fake"]
        assert charge.enqueue(1).result() == [1, "transaction of fake"]
        testing.assert_not_enqueued(charge, order=1)
    with testing.worker(app, resources={begin: "nothing"}):
        assert charge.enqueue(1).result() == [1, "nothing"]

    assert said == ["commit", "open", "close"]


def test_it_does_so_where_an_event_loop_runs() -> None:
    async def program() -> Any:
        with testing.worker(app, resources={make_database: Fake()}):
            return await (await refund.enqueue_async(2)).result_async()

    assert asyncio.run(program()) == [2, "fake"]
    assert said == ["open", "close"]


def test_one_that_no_handler_needs_is_refused() -> None:
    wanted = "values by the factories of the handlers' resources, of which there are: begin, make_database"
    with pytest.raises(InvalidOption, match=wanted), testing.worker(app, resources={Database: Fake()}):
        pass
    with testing.worker(app):
        assert refund.enqueue(2).result() == [2, "production"]


@pytest.mark.parametrize("kind", ["context", "worker"])
def test_a_handler_that_is_called_by_hand_is_given_it(kind: str) -> None:
    call: Any = charge
    given = {begin: "by hand", make_database: Fake()}
    with testing.context(resources=given) if kind == "context" else testing.worker(app, resources=given):
        assert call(1) == [1, "by hand"]
        assert call(1, transaction="other") == [1, "other"]
        assert asyncio.run(call_async(2)) == [2, "fake"]
    with testing.context(), pytest.raises(InvalidArguments, match="transaction of charge"):
        call(1)


def test_a_worker_may_be_begun_and_ended_in_other_contexts_than_the_test_has() -> None:
    entered = testing.worker(app, resources={make_database: Fake()}, lifespans=False)
    copy_context().run(entered.__enter__)
    assert asyncio.run(call_async(2)) == [2, "fake"]
    copy_context().run(entered.__exit__, None, None, None)
    with pytest.raises(InvalidArguments):
        asyncio.run(call_async(2))


async def call_async(order: int) -> Any:
    call: Any = refund
    return await call(order)


def test_a_lifespan_that_cannot_be_opened_is_an_error_of_the_test() -> None:
    broken = Scheduler()

    @broken.lifespan
    def fails() -> Iterator[None]:
        int("no number")
        yield

    broken.task(name="handler")(lambda: None)
    with (
        pytest.raises(LifespanFailed, match="fails of the application cannot be opened: ValueError"),
        testing.worker(broken),
    ):
        pass
    with testing.worker(app):
        assert refund.enqueue(1).result() == [1, "production"]


@pytest.mark.parametrize("per", ["process", "task"])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_coroutine_that_nobody_awaits_is_no_resource(per: Any, *, is_async: bool) -> None:
    async def make_later(number: int) -> int:
        return number

    app = Scheduler()
    resource = Resource(lambda: make_later(5), per=per)

    def handle(number: Annotated[int, resource]) -> str:
        return type(number).__name__

    async def handle_async(number: Annotated[int, resource]) -> str:
        return handle(number)

    handler: Any = app.task(name="handle", max_attempts=1)(handle_async if is_async else handle)
    with testing.worker(app), pytest.raises(TaskFailed, match="an async function where it returns a coroutine"):
        handler.enqueue().result()
