"""What happens to resources whose handler does not wait for them any more, and who sees the errors that they raise."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from redisched import Resource, Retry, Scheduler, TaskState, current_task
from redisched.store.broker import Broker
from tests.engine.boxes import Box
from tests.engine.running import RunningWorker, work_off
from tests.waiting import wait_until


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def test_who_is_interrupted_while_it_opens_does_not_end_the_opening_for_others(app: Scheduler) -> None:
    box, may_open = Box(), threading.Event()

    async def slow() -> AsyncIterator[str]:
        await asyncio.to_thread(may_open.wait, 10)
        async with asyncio.TaskGroup():
            yield box.value()
        box.said.append("close")

    def handler(box: Annotated[str, Resource(slow)]) -> str:
        return box

    hasty = app.task(name="hasty", timeout=0.05, retry=Retry(attempts=1))(handler).enqueue()
    patient = app.task(name="patient")(handler).enqueue()
    with RunningWorker(app):
        wait_until(lambda: hasty.status() is TaskState.DEAD, "the end of the hasty one")
        may_open.set()
        assert patient.result(10) == "box 1"

    assert box.said == ["open", "close"]


def test_what_a_thread_opens_for_a_handler_that_was_interrupted_is_closed(app: Scheduler) -> None:
    box = Box()

    def slow() -> Iterator[str]:
        wait_until(lambda: current_task().remaining_s == 0, "the end of the time")
        yield from box.generator()

    @app.task(name="handler", timeout=0.05, retry=Retry(attempts=1))
    async def handler(box: Annotated[str, Resource(slow, per="task")]) -> str:
        await asyncio.Event().wait()
        return box

    ref = handler.enqueue()
    work_off(app)

    assert ref.status() is TaskState.DEAD
    assert box.said == ["open", "CancelledError", "close"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_middleware_is_around_what_opening_raises(app: Scheduler, kind: str) -> None:
    seen: list[str] = []

    def broken() -> None:
        raise ConnectionError("no database")

    async def broken_async() -> None:
        broken()

    def note(_ctx: Any, call_next: Any) -> Any:
        try:
            return call_next()
        except ConnectionError as error:
            seen.append(str(error))
            raise

    async def note_async(_ctx: Any, call_next: Any) -> Any:
        try:
            return await call_next()
        except ConnectionError as error:
            seen.append(str(error))
            raise

    app.middleware(note if kind == "sync" else note_async)
    resource = Resource(broken if kind == "sync" else broken_async, per="task")

    @app.task(name="handler", retry=Retry(attempts=1))
    def handler(db: Annotated[None, resource]) -> None:
        return db

    app.enqueue(handler.name)
    work_off(app)

    assert seen == ["no database"]


def test_sync_middleware_runs_in_the_thread_of_a_handler_with_an_async_resource(app: Scheduler) -> None:
    threads = []

    async def pool() -> str:
        threads.append(threading.current_thread())
        return "pool"

    @app.middleware
    def note(_ctx: Any, call_next: Any) -> Any:
        threads.append(threading.current_thread())
        return [dict(current_task().arguments), call_next()]

    @app.task(name="handler")
    def handler(pool: Annotated[str, Resource(pool)], order: int, *, amount: int = 2) -> Any:
        threads.append(threading.current_thread())
        return [pool, order, amount]

    ref = handler.enqueue(1)
    work_off(app)

    assert ref.result(5) == [{"order": 1, "amount": 2}, ["pool", 1, 2]]
    assert threads[1] is threads[2]
    assert threads[0] is not threads[1]
