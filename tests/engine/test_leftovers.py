"""What a handler leaves behind in its task, its context or its process reaches no other handler."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

import pytest

from redisched import Scheduler
from redisched.store.values import Ack, Bury
from tests.engine.executor_bench import Bench, on_bench

seen: ContextVar[str] = ContextVar("seen", default="nothing")


@pytest.fixture
def app() -> Scheduler:
    return Scheduler()


async def passing(seconds: float) -> None:
    """Let the event loop run long enough for delayed effects of a handler."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


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
        await passing(0.001)
        task.cancel()

    kept.append(asyncio.create_task(cancel()))


@pytest.mark.parametrize("leave", [cancel_soon, cancel_later, cancel_now, cancel_from_another_task])
def test_a_cancellation_left_by_a_handler_hits_no_other_handler(app: Scheduler, leave: Callable[[], None]) -> None:
    @app.task(name="leave")
    async def leaving() -> None:
        leave()

    @app.task(name="wait")
    async def wait() -> str:
        await passing(0.005)
        return "whole"

    async def use(bench: Bench) -> None:
        for number in range(6):
            bench.give("leave", id=f"{number}-leave")
            bench.give("wait", id=f"{number}-wait")
        completions = [await bench.completion() for _ in range(12)]
        ended = {completion.task.lease.id: type(completion.settlement) for completion in completions}
        assert all(ended[f"{number}-wait"] is Ack for number in range(6))
        assert not bench.executor.failure.done()
        assert bench.executor.free == 2

    on_bench(app, use)


def test_a_slot_whose_task_was_cancelled_runs_further_handlers(app: Scheduler) -> None:
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
            settlement = (await bench.completion()).settlement
            assert isinstance(settlement, Ack)
            results.append(str(settlement.outcome))

    on_bench(app, use)
    assert all("nothing" in result for result in results)


def generator() -> Any:
    return (value for value in (1, 2))


async def generator_async() -> Any:
    return (value for value in (1, 2))


def async_generator() -> Any:
    async def values() -> AsyncIterator[int]:
        yield 1

    return values()


@pytest.mark.parametrize("retention", [0, 600])
@pytest.mark.parametrize("isolation", ["none", "process"])
@pytest.mark.parametrize("function", [generator, generator_async, async_generator])
def test_a_generator_as_result_of_a_handler_is_refused(
    function: Callable[[], Any], isolation: str, retention: int
) -> None:
    name = f"{function.__name__}-{isolation}-{retention}"

    async def use(bench: Bench) -> None:
        bench.give(name)
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, Bury)
        assert b"a generator runs only when somebody takes its values" in settlement.failure

    on_bench(returning, use, target="tests.engine.test_leftovers:returning")


returning = Scheduler()
for _function in (generator, generator_async, async_generator):
    for _isolation in ("none", "process"):
        for _retention in (0, 600):
            returning.task(
                name=f"{_function.__name__}-{_isolation}-{_retention}", isolation=_isolation, retention=_retention
            )(_function)


def test_the_signal_handlers_of_the_worker_are_restored_after_each_async_handler(app: Scheduler) -> None:
    @app.task(name="steal")
    async def steal() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)

    def before(_number: int, _frame: object) -> None:
        """The signal handler of a worker."""

    previous = {number: signal.signal(number, before) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:

        async def use(bench: Bench) -> None:
            bench.give("steal")
            await bench.completion()
            assert signal.getsignal(signal.SIGTERM) is before
            assert signal.getsignal(signal.SIGHUP) is before

        on_bench(app, use)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
