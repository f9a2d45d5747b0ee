"""The objects that a handler held are freed when it ends, without a garbage collection."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import CancelRequested, HandlerTimedOut, Interruption, LeaseLost
from tests.engine.executor_bench import Bench, on_bench


@pytest.fixture
def app() -> Scheduler:
    return Scheduler()


class Heavy:
    """An object; a test can see whether it still exists."""


def failing_sync(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    raise ValueError("it fails")


async def failing_async(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    await asyncio.sleep(0)
    raise ValueError("it fails")


def exiting_sync(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    raise SystemExit(3)


def failing_again(alive: "list[weakref.ref[Heavy]]") -> None:
    try:
        failing_sync(alive)
    except ValueError as error:
        local = Heavy()
        alive.append(weakref.ref(local))
        raise KeyError("again") from error


def failing_when_awaited(alive: "list[weakref.ref[Heavy]]") -> Awaitable[None]:
    return failing_async(alive)


async def cancelled_async(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def timed_out_async(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    async with asyncio.timeout(0.001):
        await asyncio.Event().wait()


def failing_in_a_group(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    raise ExceptionGroup("several", [failure_of(alive), failure_of(alive)])


def failure_of(alive: "list[weakref.ref[Heavy]]") -> ValueError:
    try:
        failing_sync(alive)
    except ValueError as error:
        return error
    raise AssertionError


def returning(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    "function",
    [
        failing_sync,
        failing_async,
        exiting_sync,
        failing_again,
        failing_when_awaited,
        cancelled_async,
        timed_out_async,
        failing_in_a_group,
        returning,
    ],
)
@pytest.mark.usefixtures("no_collection")
def test_the_locals_of_a_handler_are_freed_when_it_ends(app: Scheduler, function: Callable[..., Any]) -> None:
    alive: list[weakref.ref[Heavy]] = []
    app.task(name="fail")(partial(function, alive))

    async def use(bench: Bench) -> None:
        bench.give("fail")
        await bench.completion()
        await bench.turn()
        assert alive
        assert [reference() for reference in alive] == [None] * len(alive)

    on_bench(app, use)


def test_an_idle_thread_keeps_nothing_of_its_last_handler(app: Scheduler) -> None:
    alive: list[weakref.ref[Heavy]] = []

    @app.task(name="make", retention=0)
    def make() -> Heavy:
        heavy = Heavy()
        alive.append(weakref.ref(heavy))
        return heavy

    async def use(bench: Bench) -> None:
        bench.give("make")
        await bench.completion()
        await bench.turn()
        gc.collect()
        assert alive[0]() is None

    on_bench(app, use)


def wait_in_a_thread(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    moment = threading.Event()
    while True:
        moment.wait(0.001)


async def wait_async(alive: "list[weakref.ref[Heavy]]") -> None:
    local = Heavy()
    alive.append(weakref.ref(local))
    await asyncio.Event().wait()


@pytest.mark.parametrize("function", [wait_in_a_thread, wait_async])
@pytest.mark.parametrize("kind", [HandlerTimedOut, CancelRequested, LeaseLost])
@pytest.mark.usefixtures("no_collection")
def test_the_locals_of_an_interrupted_handler_are_freed(
    app: Scheduler, function: Callable[..., Any], kind: type[Interruption]
) -> None:
    alive: list[weakref.ref[Heavy]] = []
    app.task(name="wait")(partial(function, alive))

    async def use(bench: Bench) -> None:
        task = bench.give("wait")
        while not alive:
            await bench.turn()
        bench.executor.interrupt(task, kind)
        await bench.completion()
        await bench.turn()
        assert alive[0]() is None

    on_bench(app, use)
