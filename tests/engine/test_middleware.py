"""Middleware runs around handlers in every kind of slot, in order, and what passes through it is what the handler does.

Isolated handlers are in tests/engine/isolation/test_middleware.py.
"""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from redisched import Reject, Retry, RetryLater, Scheduler, Snooze, TaskContext, TaskState, current_task
from redisched.context import running
from redisched.engine.around import handlers_to_call
from redisched.engine.resources.process_resources import ProcessResources
from redisched.errors import CancelRequested, HandlerTimedOut, TaskFailed
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker, work_off
from tests.waiting import wait_until

Next = Callable[[], Any]
tenant: ContextVar[str] = ContextVar("tenant")


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def names_of(app: Scheduler, said: list[str], *names: str) -> None:
    """Add async middleware that says when it begins and ends."""
    for name in names:

        def around(name: str) -> Callable[..., Any]:
            async def middleware(_ctx: TaskContext, call_next: Next) -> Any:
                said.append(f"{name} begins")
                result = await call_next()
                said.append(f"{name} ends")
                return [name, result]

            return middleware

        app.middleware(around(name))


@pytest.mark.differs_by_server
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_first_is_the_outermost_and_each_may_replace_the_result(app: Scheduler, kind: str) -> None:
    said: list[str] = []
    names_of(app, said, "first", "second")

    def double(number: int) -> int:
        said.append("handler")
        return 2 * number

    async def double_async(number: int) -> int:
        await asyncio.sleep(0)
        return double(number)

    ref = app.task(name="double")(double if kind == "sync" else double_async).enqueue(4)
    work_off(app)

    assert ref.result(5) == ["first", ["second", 8]]
    assert said == ["first begins", "second begins", "handler", "second ends", "first ends"]


def test_sync_middleware_runs_in_the_thread_of_the_handler_within_the_async_ones(app: Scheduler) -> None:
    threads = []

    @app.middleware
    async def on_loop(_ctx: TaskContext, call_next: Next) -> Any:
        threads.append(threading.current_thread())
        return await call_next()

    @app.middleware
    def in_thread(ctx: TaskContext, call_next: Next) -> Any:
        threads.append(threading.current_thread())
        ctx.values["session"] = 7
        return call_next() + 1

    @app.task
    def handler() -> int:
        threads.append(threading.current_thread())
        return int(current_task().values["session"])

    ref = handler.enqueue()
    work_off(app)

    assert ref.result(5) == 8
    assert threads[0] is not threads[1]
    assert threads[1] is threads[2]


@pytest.mark.parametrize("is_async", [False, True])
def test_it_knows_the_task_and_a_variable_that_it_sets_holds_in_the_handler(app: Scheduler, *, is_async: bool) -> None:
    seen = []

    @app.middleware
    async def middleware(ctx: TaskContext, call_next: Next) -> Any:
        tenant.set("a")
        seen.append((ctx.name, ctx.attempt, dict(ctx.arguments), ctx.args))
        return await call_next()

    if is_async:

        @app.task(name="greet")
        async def greet_async(_name: str, _words: int = 3) -> str:
            return tenant.get()

    else:

        @app.task(name="greet")
        def greet(_name: str, _words: int = 3) -> str:
            return tenant.get()

    ref = app.enqueue("greet", "Ada")
    work_off(app)

    assert ref.result(5) == "a"
    assert seen == [("greet", 1, {"_name": "Ada", "_words": 3}, ["Ada"])]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_error_of_middleware_fails_the_attempt(app: Scheduler, *, is_async: bool) -> None:
    runs = []

    if is_async:

        @app.middleware
        async def refuse_async(_ctx: TaskContext, _call_next: Next) -> Any:
            raise PermissionError("not for this tenant")

    else:

        @app.middleware
        def refuse(_ctx: TaskContext, _call_next: Next) -> Any:
            raise PermissionError("not for this tenant")

    @app.task(retry=Retry(attempts=1))
    def handler() -> None:
        runs.append(1)

    ref = handler.enqueue()
    work_off(app)

    with pytest.raises(TaskFailed, match="not for this tenant"):
        ref.result(5)
    assert runs == []


@pytest.mark.parametrize(
    ("raised", "state"),
    [
        (Snooze(3600), TaskState.SCHEDULED),
        (RetryLater(3600), TaskState.RETRYING),
        (Reject("no"), TaskState.DEAD),
        (ValueError("no"), TaskState.RETRYING),
    ],
    ids=repr,
)
def test_what_a_handler_raises_passes_through(app: Scheduler, raised: BaseException, state: TaskState) -> None:
    passed: list[BaseException] = []

    @app.middleware
    async def middleware(_ctx: TaskContext, call_next: Next) -> Any:
        try:
            return await call_next()
        except BaseException as error:
            passed.append(error)
            raise

    @app.task(retry=Retry(backoff=[3600]))
    def handler() -> None:
        raise raised

    ref = handler.enqueue()
    work_off(app)

    assert ref.status() is state
    assert passed == [raised]


def test_middleware_need_not_call_the_handler(app: Scheduler) -> None:
    @app.middleware
    async def middleware(_ctx: TaskContext, _call_next: Next) -> str:
        return "cached"

    @app.task
    def handler() -> str:
        return "computed"

    ref = handler.enqueue()
    work_off(app)

    assert ref.result(5) == "cached"


@pytest.mark.parametrize("ends_by", [HandlerTimedOut, CancelRequested])
def test_an_interruption_is_raised_in_the_thread_of_the_handler(app: Scheduler, ends_by: type[BaseException]) -> None:
    passed: list[str] = []
    begun = threading.Event()

    @app.middleware
    async def middleware(_ctx: TaskContext, call_next: Next) -> Any:
        try:
            return await call_next()
        except BaseException as error:
            passed.append(type(error).__name__)
            raise

    @app.task(timeout=0.05 if ends_by is HandlerTimedOut else 60, retry=Retry(attempts=1))
    def handler() -> None:
        begun.set()
        wait_until(lambda: False, "the interruption", timeout_s=30)

    ref = handler.enqueue()
    with RunningWorker(app):
        if ends_by is CancelRequested:
            assert begun.wait(10)
            ref.cancel()
        wait_until(lambda: ref.status() in (TaskState.DEAD, TaskState.CANCELLED), "the end of the task")

    assert passed == [ends_by.__name__]


def test_what_a_sync_handler_returns_is_awaited_within_async_middleware(app: Scheduler) -> None:
    @app.middleware
    async def middleware(_ctx: TaskContext, call_next: Next) -> Any:
        return await call_next() + 1

    async def later() -> int:
        return 1

    @app.task(name="later")
    def handler() -> Any:
        return later()

    ref = handler.enqueue()
    work_off(app)

    assert ref.result(5) == 2


def test_call_next_takes_no_arguments(app: Scheduler) -> None:
    @app.middleware
    async def middleware(ctx: TaskContext, call_next: Any) -> Any:
        return await call_next(ctx)

    @app.task(retry=Retry(attempts=1))
    def handler(*args: Any) -> int:
        return len(args)

    ref = handler.enqueue()
    work_off(app)

    with pytest.raises(TaskFailed, match="takes 0 positional arguments"):
        ref.result(5)


def test_without_middleware_workers_call_the_handlers_themselves() -> None:
    app = Scheduler()
    app.on_success(lambda _ctx, _result: None)

    assert handlers_to_call(app.registry, ProcessResources()) is app.registry
    assert running.get() is None


def test_a_handler_that_is_defined_again_gets_the_middleware_too() -> None:
    app = Scheduler()

    @app.middleware
    def middleware(_ctx: TaskContext, call_next: Next) -> Any:
        return call_next()

    handlers = handlers_to_call(app.registry, ProcessResources())
    app.task(name="f")(lambda: 1)
    first = handlers.get("f")
    assert first is handlers.get("f")
    assert first is not app.registry.get("f")
    assert handlers.get("g") is None
    assert [entry.name for entry in handlers] == ["f"]
    assert handlers.queues() == ("default",)
