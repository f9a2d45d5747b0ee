"""A slot: calls sync and async handlers, and ends them from outside."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from redisched.context import current_task
from redisched.engine.attempt import Attempt
from redisched.engine.slot import HandlerSlot, call_handler
from redisched.engine.threads import Threads, settle_future
from redisched.errors import CancelRequested, HandlerTimedOut, LeaseLost
from redisched.handler_options import HandlerOptions
from redisched.model import TaskBody
from redisched.registry import HandlerEntry
from tests.engine.leases import leased_task


class Runner:
    """One slot, and handlers called in it one after the other."""

    def __init__(self) -> None:
        self.threads = Threads(1)
        self.slot = HandlerSlot(0, self.threads, lambda _slot, _attempt, call, _rest: settle_future(self.ended, call))
        self.ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def call(self, function: Callable[..., Any], *args: Any, timeout_ms: int | None = None, **kwargs: Any) -> Any:
        is_async = asyncio.iscoroutinefunction(function)
        entry = HandlerEntry(name="f", function=function, is_async=is_async, options=HandlerOptions())
        task = leased_task("a", attempts=1, token=42)
        task.body = TaskBody("f", args, kwargs, timeout_ms=timeout_ms)
        serving = asyncio.current_task()
        assert serving is not None
        self.slot.serve_in(serving)
        self.slot.begin(Attempt(entry, task))
        if is_async:
            result, rest = self.slot.run(copy_context(), call_handler, Attempt(entry, task))
            return result if rest is None else await rest
        self.ended = asyncio.get_running_loop().create_future()
        self.slot.run_in_thread(Attempt(entry, task), copy_context())
        return await self.ended


async def ending_of(call: Awaitable[Any]) -> str:
    """The result or the error of a call, as text: some exceptions would end the event loop."""
    try:
        return repr(await call)
    except BaseException as error:
        return repr(error)


def in_slot(use: Callable[[Runner], Coroutine[Any, Any, Any]]) -> Any:
    async def main() -> Any:
        runner = Runner()
        try:
            return await asyncio.wait_for(use(runner), 30)
        finally:
            runner.threads.stop()

    return asyncio.run(main())


def one_call(function: Callable[..., Any], *args: Any, timeout_ms: int | None = None, **kwargs: Any) -> Any:
    return in_slot(lambda runner: runner.call(function, *args, timeout_ms=timeout_ms, **kwargs))


def add(a: int, b: int = 0) -> int:
    return a + b


async def add_async(a: int, b: int = 0) -> int:
    await asyncio.sleep(0)
    return a + b


@pytest.mark.parametrize("function", [add, add_async])
def test_a_handler_gets_its_arguments_and_its_result_comes_back(function: Callable[..., Any]) -> None:
    assert one_call(function, 1, b=2) == 3


def give_up(error: BaseException) -> None:
    raise error


async def give_up_async(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("function", [give_up, give_up_async])
@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(1), asyncio.CancelledError(), KeyboardInterrupt()], ids=repr
)
def test_an_error_of_a_handler_comes_back(function: Callable[..., Any], error: BaseException) -> None:
    assert in_slot(lambda runner: ending_of(runner.call(function, error))) == repr(error)


def fence() -> tuple[int, int]:
    return current_task().fence, current_task().attempt


async def fence_async() -> tuple[int, int]:
    return await asyncio.create_task(fence_of_a_child())


async def fence_of_a_child() -> tuple[int, int]:
    return fence()


@pytest.mark.parametrize("function", [fence, fence_async])
def test_a_handler_knows_its_fence_and_attempt(function: Callable[..., Any]) -> None:
    assert one_call(function) == (42, 2)


def test_outside_of_a_handler_there_is_no_current_task() -> None:
    with pytest.raises(LookupError, match="inside a running handler"):
        current_task()


def spin() -> None:
    while True:
        pass


async def wait_forever() -> None:
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("function", [spin, wait_forever])
def test_a_handler_that_runs_longer_than_its_timeout_is_ended(function: Callable[..., Any]) -> None:
    with pytest.raises(HandlerTimedOut):
        one_call(function, timeout_ms=20)


@pytest.mark.parametrize("function", [add, add_async])
def test_a_timeout_that_was_not_reached_does_not_affect_a_later_handler(function: Callable[..., Any]) -> None:
    async def use(runner: Runner) -> list[int]:
        return [await runner.call(function, number, timeout_ms=1_000) for number in range(50)]

    assert in_slot(use) == list(range(50))


async def interrupted(runner: Runner, function: Callable[..., Any]) -> None:
    calling = asyncio.ensure_future(runner.call(function))
    for _ in range(5):
        await asyncio.sleep(0)
    runner.slot.interrupt(CancelRequested)
    runner.slot.interrupt(LeaseLost)
    await calling


@pytest.mark.parametrize("function", [spin, wait_forever])
def test_a_cancellation_ends_the_handler_and_its_first_reason_counts(function: Callable[..., Any]) -> None:
    with pytest.raises(CancelRequested):
        in_slot(lambda runner: interrupted(runner, function))


def test_an_interruption_between_two_handlers_hits_neither() -> None:
    async def use(runner: Runner) -> list[int]:
        first = await runner.call(add_async, 1)
        runner.slot.interrupt(CancelRequested)
        return [first, await runner.call(add_async, 2), await runner.call(add, 3)]

    assert in_slot(use) == [1, 2, 3]


async def tidy_up(done: list[str]) -> str:
    try:
        await wait_forever()
    except asyncio.CancelledError:
        done.append("tidied up")
    return "made the best of it"


def test_a_handler_may_succeed_after_it_was_told_to_stop() -> None:
    done: list[str] = []

    async def use(runner: Runner) -> tuple[str, int]:
        result = await runner.call(tidy_up, done, timeout_ms=10)
        task = asyncio.current_task()
        assert task is not None
        return result, task.cancelling()

    assert in_slot(use) == ("made the best of it", 0)
    assert done == ["tidied up"]


async def fail_in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(give_up_async(ValueError("inner")))
        await wait_forever()


def test_a_cancellation_that_a_handler_swallows_does_not_cancel_the_next_one() -> None:
    async def use(runner: Runner) -> None:
        await runner.call(tidy_up, [], timeout_ms=10)
        await runner.call(fail_in_a_group)

    with pytest.raises(ExceptionGroup):
        in_slot(use)


LOCALE: ContextVar[str] = ContextVar("locale", default="none")


def leave_a_mark(value: str) -> str:
    found = LOCALE.get()
    LOCALE.set(value)
    return found


def test_a_sync_handler_sees_no_context_of_the_one_before() -> None:
    async def use(runner: Runner) -> list[str]:
        return [await runner.call(leave_a_mark, value) for value in ("pt", "de")]

    assert in_slot(use) == ["none", "none"]


def test_an_interruption_at_the_end_of_a_handler_never_hits_the_next_one() -> None:
    async def soon(event: asyncio.Event) -> str:
        await event.wait()
        return "ended"

    async def use(runner: Runner) -> set[str]:
        endings = set()
        for number in range(400):
            event = asyncio.Event()
            calling = asyncio.ensure_future(runner.call(soon, event))
            await asyncio.sleep(0)
            event.set()
            if number % 2:
                await asyncio.sleep(0)
            runner.slot.interrupt(CancelRequested)
            endings.add(await ending_of(calling))
            assert await runner.call(add_async, number) == number
        return endings

    assert in_slot(use) <= {"'ended'", "CancelRequested()"}


def test_two_sync_handlers_in_a_row_share_a_thread() -> None:
    async def use(runner: Runner) -> set[int]:
        return {await runner.call(threading.get_ident) for _ in range(20)}

    assert len(in_slot(use)) == 1
