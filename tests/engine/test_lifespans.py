"""What an application opens for the life of a process is open from before its first task until after its last."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest

from redisched import Resource, Scheduler, TaskState
from redisched.errors import LifespanFailed
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker, look, work_off


def refuse() -> None:
    """Raise an error."""
    raise ConnectionRefusedError("no database")


class Told:
    """An application that notes what happens."""

    def __init__(self, broker: Broker) -> None:
        self.app = Scheduler(broker=broker)
        self.said: list[str] = []

    def sync(self) -> Iterator[None]:
        """A sync lifespan."""
        self.said.append("open sync")
        yield
        self.said.append("close sync")

    async def on_loop(self) -> AsyncIterator[None]:
        """An async lifespan, which can be closed only in the asyncio Task in which it was opened."""
        self.said.append("open async")
        async with asyncio.TaskGroup():
            yield
        self.said.append("close async")

    @asynccontextmanager
    async def decorated(self) -> AsyncIterator[None]:
        """An async lifespan that is a context manager already."""
        self.said.append("open decorated")
        yield
        self.said.append("close decorated")

    def failing(self) -> Iterator[None]:
        """A lifespan that cannot be opened."""
        refuse()
        yield

    async def failing_async(self) -> AsyncIterator[None]:
        """As `failing`."""
        refuse()
        yield


@pytest.fixture
def told(broker: Broker) -> Told:
    return Told(broker)


def test_they_are_opened_in_order_before_all_else_and_closed_in_reverse_after_it(told: Told) -> None:
    def database() -> Iterator[str]:
        told.said.append("open database")
        yield "database"
        told.said.append("close database")

    for lifespan in (told.sync, told.on_loop, told.decorated):
        assert told.app.lifespan(lifespan) == lifespan
    told.app.on_worker_start(lambda _worker: told.said.append("start"))
    told.app.on_worker_stop(lambda _worker: told.said.append("stop"))

    @told.app.task(name="handler")
    def handler(database: Annotated[str, Resource(database)]) -> None:
        told.said.append(f"call with {database}")

    handler.enqueue()
    work_off(told.app)

    assert told.said == [
        *["open sync", "open async", "open decorated", "start"],
        *["open database", "call with database", "stop", "close database"],
        *["close decorated", "close async", "close sync"],
    ]


@pytest.mark.parametrize("kind", ["failing", "failing_async"])
def test_one_that_cannot_be_opened_ends_the_process_before_it_claims(told: Told, broker: Broker, kind: str) -> None:
    for lifespan in (told.on_loop, getattr(told, kind), told.sync):
        told.app.lifespan(lifespan)

    @told.app.task(name="handler")
    def handler() -> None:
        told.said.append("call")

    ref = handler.enqueue()
    said = rf"^the lifespan Told.{kind} of the application cannot be opened: ConnectionRefusedError: no database$"
    with pytest.raises(LifespanFailed, match=said):
        work_off(told.app)

    assert told.said == ["open async", "close async"]
    assert look(broker, ref.id).state is TaskState.READY


def test_an_error_while_one_is_closed_is_logged(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Iterator[None]:
        yield
        raise ConnectionError("it is gone")

    told.app.lifespan(told.sync)
    told.app.lifespan(broken)
    told.app.task(name="handler")(lambda: None)
    work_off(told.app)

    assert told.said == ["open sync", "close sync"]
    assert [record.message.split(" ")[0] for record in caplog.records if record.exc_info] == ["closing"]


def test_a_worker_that_is_stopped_does_not_wait_for_one_to_open(told: Told) -> None:
    opening = threading.Event()

    async def slow() -> AsyncIterator[None]:
        opening.set()
        try:
            await asyncio.Event().wait()
            yield
        finally:
            told.said.append("cancelled")

    told.app.lifespan(told.sync)
    told.app.lifespan(slow)
    told.app.task(name="handler")(lambda: None)
    with RunningWorker(told.app) as worker:
        assert opening.wait(10)
        worker.stop()
        worker.join()

    assert told.said == ["open sync", "close sync", "cancelled"]
