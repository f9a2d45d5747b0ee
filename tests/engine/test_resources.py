"""Handlers get their resources from the worker: opened at their time, once, and closed when they should be.

Isolated handlers are in tests/engine/isolation/test_resources.py.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Annotated, Any

import pytest

from redisched import Reject, Resource, Retry, Scheduler, TaskState, current_task
from redisched.errors import TaskFailed
from redisched.model import DeathReason
from redisched.store.broker import Broker
from tests.engine.boxes import CLOSING, FACTORIES, Box, handler_of
from tests.engine.running import RunningWorker, look, work_off
from tests.waiting import wait_until


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("kind", ["sync", "async", "awaitable"])
def test_one_for_the_process_is_opened_at_its_first_use_and_closed_at_its_end(
    app: Scheduler, box: Box, kind: str, factory: str
) -> None:
    def note(box_of_call: str) -> str:
        box.said.append("call")
        return box_of_call

    handler = handler_of(app, kind, note, Resource(getattr(box, factory)))
    refs = [handler.enqueue(number) for number in range(3)]
    work_off(app, concurrency=1)

    assert [ref.result(5) for ref in refs] == [[number, "box 1"] for number in range(3)]
    assert box.said == ["open", *["call"] * 3, *(["close"] if factory in CLOSING else [])]


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("kind", ["sync", "async", "awaitable"])
def test_one_for_the_task_is_opened_and_closed_around_each_attempt(
    app: Scheduler, box: Box, kind: str, factory: str
) -> None:
    def note(box_of_call: str) -> str:
        box.said.append("call")
        return box_of_call

    handler = handler_of(app, kind, note, Resource(getattr(box, factory), per="task"))
    refs = [handler.enqueue(number) for number in range(2)]
    work_off(app, concurrency=1)

    assert [ref.result(5) for ref in refs] == [[0, "box 1"], [1, "box 2"]]
    assert box.said == ["open", "call", *(["close"] if factory in CLOSING else [])] * 2


@pytest.mark.parametrize("factory", CLOSING)
@pytest.mark.parametrize("kind", ["sync", "async", "awaitable"])
@pytest.mark.parametrize("error", [ValueError("no"), Reject("no")], ids=repr)
def test_it_is_closed_when_the_handler_raises_and_knows_the_error(
    app: Scheduler, box: Box, kind: str, factory: str, error: BaseException
) -> None:
    def fail(_box: str) -> None:
        raise error

    ref = handler_of(app, kind, fail, Resource(getattr(box, factory), per="task"), retry=Retry(attempts=1)).enqueue(1)
    work_off(app)

    assert ref.status() is TaskState.DEAD
    assert box.said == ["open", type(error).__name__, "close"]


@pytest.mark.parametrize(
    ("ends_by", "kind", "factory"),
    [
        ("timeout", "sync", "generator"),
        ("timeout", "sync", "generator_async"),
        ("timeout", "async", "generator"),
        ("timeout", "async", "generator_async"),
        ("stop", "sync", "generator"),
        ("stop", "async", "generator_async"),
        ("cancel", "async", "generator"),
    ],
)
def test_it_is_closed_when_the_handler_is_interrupted(
    app: Scheduler, box: Box, broker: Broker, kind: str, factory: str, ends_by: str
) -> None:
    options: dict[str, Any] = {"timeout": 0.1} if ends_by == "timeout" else {}
    begun = threading.Event()

    def wait(_box: str) -> None:
        begun.set()
        wait_until(lambda: False, "the interruption", timeout_s=30)

    handler: Any
    if kind == "sync":
        resource = Resource(getattr(box, factory), per="task")
        handler = handler_of(app, "sync", wait, resource, retry=Retry(attempts=1), **options)
    else:

        @app.task(name="handler", retry=Retry(attempts=1), **options)
        async def handler_async(_number: int, box: Annotated[str, Resource(getattr(box, factory), per="task")]) -> None:
            del box
            begun.set()
            await asyncio.Event().wait()

        handler = handler_async

    ref = handler.enqueue(1)
    with RunningWorker(app, grace_s=0.0) as worker:
        assert begun.wait(10)
        if ends_by == "cancel":
            ref.cancel()
        elif ends_by == "stop":
            worker.stop()
            worker.join()
        wait_until(lambda: "close" in box.said, "the closing")

    assert box.said[0] == "open"
    assert box.said[-1] == "close"
    assert look(broker, ref.id).state is not TaskState.RUNNING


def test_two_that_race_get_the_same(app: Scheduler, box: Box) -> None:
    both, may_open = threading.Barrier(3), threading.Event()

    def make() -> str:
        assert may_open.wait(10)
        return box.value()

    async def make_async() -> str:
        await asyncio.sleep(0)
        return box.value()

    @app.task(name="sync")
    def handler(box: Annotated[str, Resource(make)]) -> str:
        return box

    @app.task(name="async")
    async def handler_async(
        first: Annotated[str, Resource(make)], second: Annotated[str, Resource(make_async)]
    ) -> list[str]:
        return [first, second]

    @app.middleware
    async def meet(_ctx: Any, call_next: Any) -> Any:
        await asyncio.to_thread(both.wait, 10)
        return await call_next()

    refs: list[Any] = [handler.enqueue(), handler_async.enqueue(), handler_async.enqueue()]
    with RunningWorker(app, concurrency=3):
        threading.Timer(0.05, may_open.set).start()
        results = [ref.result(10) for ref in refs]

    assert results == ["box 1", ["box 1", "box 2"], ["box 1", "box 2"]]


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("factory", ["sync", "async"])
@pytest.mark.parametrize("per", ["process", "task"])
def test_what_fails_to_open_fails_the_attempt_and_is_tried_again(
    app: Scheduler, kind: str, factory: str, per: Any
) -> None:
    tries: list[int] = []

    def make() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("no database")
        return "open"

    async def make_async() -> str:
        return make()

    resource = Resource(make if factory == "sync" else make_async, per=per)
    ref = handler_of(app, kind, lambda box: box, resource, retry=Retry(backoff=[0.01])).enqueue(1)
    with RunningWorker(app):
        assert ref.result(10) == [1, "open"]

    assert len(tries) == 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_error_while_closing_one_of_the_task_fails_the_attempt(app: Scheduler, kind: str) -> None:
    def transaction() -> Iterator[str]:
        yield "begun"
        raise ConnectionError("not committed")

    ref = handler_of(app, kind, str, Resource(transaction, per="task"), retry=Retry(attempts=1)).enqueue(1)
    work_off(app)

    with pytest.raises(TaskFailed, match="not committed"):
        ref.result(5)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_one_that_swallows_an_error_changes_no_outcome(app: Scheduler, kind: str) -> None:
    def swallow() -> Iterator[str]:
        with contextlib.suppress(ValueError):
            yield "open"

    ref = handler_of(app, kind, int, Resource(swallow, per="task"), retry=Retry(attempts=1)).enqueue(1)
    work_off(app)

    with pytest.raises(TaskFailed, match="invalid literal"):
        ref.result(5)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_error_while_closing_one_of_the_process_is_logged(
    app: Scheduler, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    def make() -> Iterator[str]:
        yield "open"
        raise ConnectionError("it is gone")

    async def make_async() -> AsyncIterator[str]:
        yield "open"
        raise ConnectionError("it is gone")

    ref = handler_of(app, kind, str, Resource(make if kind == "sync" else make_async)).enqueue(1)
    work_off(app)

    assert ref.result(5) == [1, "open"]
    (record,) = [record for record in caplog.records if "closing" in record.message]
    assert record.exc_info is not None


tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("per", ["process", "task"])
def test_a_context_variable_that_it_sets_can_be_set_back(app: Scheduler, kind: str, per: Any) -> None:
    said = []

    def make() -> Iterator[str]:
        token = tenant.set("a")
        yield "open"
        tenant.reset(token)
        said.append(tenant.get())

    handler_of(app, kind, str, Resource(make, per=per)).enqueue(1)
    work_off(app)

    assert said == ["nobody"]


def test_one_of_the_process_knows_no_task_and_one_of_the_task_knows_its_own(app: Scheduler) -> None:
    def shared() -> bool:
        with pytest.raises(LookupError):
            current_task()
        return True

    def own() -> str:
        return current_task().id

    @app.task(name="handler")
    def handler(first: Annotated[bool, Resource(shared)], second: Annotated[str, Resource(own, per="task")]) -> Any:
        return [first, second]

    ref = handler.enqueue()
    work_off(app)

    assert ref.result(5) == [True, ref.id]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_producer_that_passes_one_makes_a_task_that_cannot_run(
    app: Scheduler, broker: Broker, box: Box, kind: str
) -> None:
    handler_of(app, kind, str, Resource(box.value))
    ref = Scheduler(broker=broker).enqueue("handler", 1, kwargs={"box": 5})
    work_off(app)

    with pytest.raises(TaskFailed, match="box of handler=5: left out, as the worker fills it in") as failed:
        ref.result(5)
    assert failed.value.reason == DeathReason.ARGUMENTS
    assert box.said == []
