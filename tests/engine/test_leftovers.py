"""What a handler leaves behind in its task, its context or its process reaches no other handler."""

import asyncio
import gc
import signal
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import CancelRequested, HandlerTimedOut
from redisched.model import TaskState
from redisched.store.values import Ack, Retry
from tests.engine.executor_bench import Bench, on_bench

seen: ContextVar[str] = ContextVar("seen", default="nothing")


@pytest.fixture
def app() -> Scheduler:
    return Scheduler()


def cancel_soon() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)


def cancel_later() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(0.001, task.cancel)


def cancel_now() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


kept: list[asyncio.Task[Any]] = []


def cancel_from_another_task() -> None:
    task = asyncio.current_task()
    assert task is not None

    async def cancel() -> None:
        await asyncio.sleep(0.001)
        task.cancel()

    kept.append(asyncio.create_task(cancel()))


@pytest.mark.parametrize("leave", [cancel_soon, cancel_later, cancel_now, cancel_from_another_task])
def test_a_cancellation_that_is_left_behind_hits_nobody_else(app: Scheduler, leave: Callable[[], None]) -> None:
    @app.task(name="leave")
    async def leaving() -> None:
        leave()

    @app.task(name="wait")
    async def wait() -> str:
        await asyncio.sleep(0.005)
        return "whole"

    async def use(bench: Bench) -> None:
        for number in range(6):
            bench.give("leave", id=f"{number}-leave")
            bench.give("wait", id=f"{number}-wait")
        verdicts = [await bench.verdict() for _ in range(12)]
        ended = {verdict.held.lease.id: type(verdict.settlement) for verdict in verdicts}
        assert all(ended[f"{number}-wait"] is Ack for number in range(6))
        assert not bench.executor.failure.done()
        assert bench.executor.free == 2

    on_bench(app, use)


def test_a_cancelled_slot_serves_on(app: Scheduler) -> None:
    @app.task(name="add")
    async def add(one: int, other: int) -> int:
        return one + other

    async def use(bench: Bench) -> None:
        await bench.turn()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await bench.turn()
        for number in range(4):
            bench.give("add", 1, 2, id=str(number))
        assert await bench.settlements(4) == {"Ack"}

    on_bench(app, use)


async def set_in_a_coroutine(value: str) -> str:
    before = seen.get()
    seen.set(value)
    return before


async def set_after_a_pause(value: str) -> str:
    before = seen.get()
    await asyncio.sleep(0)
    seen.set(value)
    await asyncio.sleep(0)
    assert seen.get() == value
    return before


def set_in_a_thread(value: str) -> str:
    before = seen.get()
    seen.set(value)
    return before


def set_before_a_coroutine(value: str) -> Awaitable[str]:
    before = seen.get()
    seen.set(value)

    async def answer() -> str:
        await asyncio.sleep(0)
        assert seen.get() == value
        return before

    return answer()


@pytest.mark.parametrize("function", [set_in_a_coroutine, set_after_a_pause, set_in_a_thread, set_before_a_coroutine])
def test_a_context_variable_is_unset_in_the_next_handler(app: Scheduler, function: Callable[[str], Any]) -> None:
    results: list[str] = []

    @app.task(name="set")
    @wraps(function)
    def setting(value: str) -> Any:
        return function(value)

    app.task(name="bare")(function)

    async def use(bench: Bench) -> None:
        for number, name in enumerate(("set", "bare") * 3):
            bench.give(name, f"{number}", id=f"{number}")
            settlement = (await bench.verdict()).settlement
            assert isinstance(settlement, Ack)
            results.append(str(settlement.outcome))

    on_bench(app, use)
    assert all("nothing" in result for result in results)


class Heavy:
    """Something of which a test can see that it is gone."""


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
    "function", [failing_sync, failing_async, exiting_sync, failing_again, failing_when_awaited, returning]
)
@pytest.mark.usefixtures("no_collection")
def test_the_locals_of_a_handler_are_freed_when_it_ends(app: Scheduler, function: Callable[..., Any]) -> None:
    alive: list[weakref.ref[Heavy]] = []
    app.task(name="fail")(partial(function, alive))

    async def use(bench: Bench) -> None:
        bench.give("fail")
        await bench.verdict()
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
        await bench.verdict()
        await bench.turn()
        gc.collect()
        assert alive[0]() is None

    on_bench(app, use)


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
def test_whatever_can_be_awaited_is_awaited(app: Scheduler, function: Callable[..., Any]) -> None:
    app.task(name="answer")(function)

    async def use(bench: Bench) -> None:
        loops.append(asyncio.get_running_loop())
        for number in range(3):
            bench.give("answer", 41, id=str(number))
        verdicts = [await bench.verdict() for _ in range(3)]
        for verdict in verdicts:
            assert isinstance(verdict.settlement, Ack)
            assert verdict.settlement.outcome.endswith(bytes([42]))

    on_bench(app, use)


def begin(function: Callable[[], Awaitable[None]]) -> Awaitable[None]:
    return function()


def test_what_is_awaited_after_a_thread_ends_at_the_timeout_of_the_whole(app: Scheduler) -> None:
    entered = threading.Event()

    async def endless() -> None:
        entered.set()
        await asyncio.Event().wait()

    app.task(name="endless")(partial(begin, endless))

    async def use(bench: Bench) -> None:
        bench.give("endless", timeout_ms=50)
        verdict = await bench.verdict()
        assert entered.is_set()
        assert isinstance(verdict.settlement, Retry)
        assert HandlerTimedOut.__name__.encode() in verdict.settlement.failure

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
        verdict = await bench.verdict()
        assert isinstance(verdict.settlement, Ack)
        assert TaskState.CANCELLED.encode() in verdict.settlement.outcome

    on_bench(app, use)


def test_signal_handlers_are_those_of_the_worker_again_after_each_async_handler(app: Scheduler) -> None:
    @app.task(name="steal")
    async def steal() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)

    def before(_number: int, _frame: object) -> None:
        """What a worker sets."""

    previous = {number: signal.signal(number, before) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:

        async def use(bench: Bench) -> None:
            bench.give("steal")
            await bench.verdict()
            assert signal.getsignal(signal.SIGTERM) is before
            assert signal.getsignal(signal.SIGHUP) is before

        on_bench(app, use)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
