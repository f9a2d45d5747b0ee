"""Every awaitable that a handler returns is awaited."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import CancelRequested, HandlerTimedOut
from redisched.model import TaskState
from redisched.store.values import Ack, FailedAttempt
from tests.engine.executor_bench import Bench, on_bench


@pytest.fixture
def app() -> Scheduler:
    return Scheduler()


class Answering:
    """An object that is called as a coroutine function is."""

    async def __call__(self, number: int) -> int:
        await asyncio.sleep(0)
        return number + 1


def through_a_decorator(number: int) -> Awaitable[int]:
    return Answering()(number)


def as_a_future(number: int) -> Awaitable[int]:
    future: asyncio.Future[int] = asyncio.Future(loop=loops[-1])
    loops[-1].call_soon_threadsafe(future.set_result, number + 1)
    return future


loops: list[asyncio.AbstractEventLoop] = []


@pytest.mark.parametrize("function", [Answering(), through_a_decorator, as_a_future, partial(Answering())])
def test_every_awaitable_that_a_handler_returns_is_awaited(app: Scheduler, function: Callable[..., Any]) -> None:
    app.task(name="answer")(function)

    async def use(bench: Bench) -> None:
        loops.append(asyncio.get_running_loop())
        for number in range(3):
            bench.give("answer", 41, id=str(number))
        completions = [await bench.completion() for _ in range(3)]
        for completion in completions:
            assert isinstance(completion.settlement, Ack)
            assert completion.settlement.outcome.endswith(bytes([42]))

    on_bench(app, use)


def begin(function: Callable[[], Awaitable[None]]) -> Awaitable[None]:
    return function()


def test_a_thread_and_the_awaitable_it_returns_share_one_timeout(app: Scheduler) -> None:
    entered = threading.Event()

    async def endless() -> None:
        entered.set()
        await asyncio.Event().wait()

    app.task(name="endless")(partial(begin, endless))

    async def use(bench: Bench) -> None:
        bench.give("endless", timeout_ms=500)
        completion = await bench.completion()
        assert entered.is_set()
        assert isinstance(completion.settlement, FailedAttempt)
        assert HandlerTimedOut.__name__.encode() in completion.settlement.failure

    on_bench(app, use)


def test_an_awaited_result_can_be_cancelled(app: Scheduler) -> None:
    entered = asyncio.Event()

    async def endless() -> None:
        entered.set()
        await asyncio.Event().wait()

    app.task(name="endless")(partial(begin, endless))

    async def use(bench: Bench) -> None:
        task = bench.give("endless")
        await entered.wait()
        bench.executor.interrupt(task, CancelRequested)
        completion = await bench.completion()
        assert isinstance(completion.settlement, Ack)
        assert TaskState.CANCELLED.encode() in completion.settlement.outcome

    on_bench(app, use)
