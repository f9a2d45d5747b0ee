"""Threads for sync handlers: their results and errors, and what an interruption can end."""

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from redisched.engine.threads import Call, Threads
from redisched.errors import CancelRequested, HandlerTimedOut, Interruption
from tests.engine.called import Called
from tests.waiting import wait_until

SIZE = 4


def in_threads(use: Callable[[Threads], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine that calls functions in threads."""

    async def main() -> Any:
        threads = Threads(SIZE)
        try:
            return await asyncio.wait_for(use(threads), 30)
        finally:
            threads.stop()

    return asyncio.run(main())


def outcome_of(function: Callable[[], Any]) -> Any:
    async def use(threads: Threads) -> Any:
        return await Called(threads, function).future

    return in_threads(use)


def raiser(error: BaseException) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


def test_a_result_comes_back_from_another_thread() -> None:
    assert outcome_of(threading.get_ident) != threading.get_ident()


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()], ids=repr
)
def test_every_error_comes_back_from_another_thread(error: BaseException) -> None:
    with pytest.raises(type(error)):
        outcome_of(raiser(error))


def test_a_stray_stop_iteration_comes_back_as_an_error() -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        outcome_of(raiser(StopIteration("value")))


def test_a_thread_survives_the_errors_of_its_calls() -> None:
    async def use(threads: Threads) -> list[Any]:
        calls = [Called(threads, raiser(SystemExit())) for _ in range(3 * SIZE)]
        await asyncio.gather(*(call.future for call in calls), return_exceptions=True)
        return await asyncio.gather(*(Called(threads, lambda: 1).future for _ in range(SIZE)))

    assert in_threads(use) == [1] * SIZE


def test_as_many_calls_run_at_once_as_there_are_threads() -> None:
    meeting = threading.Barrier(SIZE)

    async def use(threads: Threads) -> int:
        await asyncio.gather(*(Called(threads, lambda: meeting.wait(20)).future for _ in range(SIZE)))
        return len(await asyncio.gather(*(Called(threads, lambda: 1).future for _ in range(500))))

    assert in_threads(use) == 500


def busy(begun: threading.Event) -> None:
    begun.set()
    while True:
        pass


def test_an_interruption_ends_a_busy_loop() -> None:
    async def use(threads: Threads) -> None:
        begun = threading.Event()
        call = Called(threads, lambda: busy(begun))
        await asyncio.to_thread(begun.wait)
        call.interrupt(HandlerTimedOut)
        await call.future

    with pytest.raises(HandlerTimedOut):
        in_threads(use)


def test_an_interruption_is_not_caught_by_except_exception() -> None:
    begun = threading.Event()

    def stubborn() -> None:
        try:
            busy(begun)
        except Exception:
            busy(begun)

    async def use(threads: Threads) -> None:
        call = Called(threads, stubborn)
        await asyncio.to_thread(begun.wait)
        call.interrupt(CancelRequested)
        await call.future

    with pytest.raises(CancelRequested):
        in_threads(use)


def test_a_call_that_was_interrupted_before_it_began_does_not_begin() -> None:
    begun = threading.Event()

    def use() -> BaseException | None:
        call = Call(begun.set, lambda _: None)
        call.interrupt(CancelRequested)
        call.run()
        return call.error

    assert isinstance(use(), CancelRequested)
    assert not begun.is_set()


def test_an_interruption_after_the_end_of_a_call_does_nothing() -> None:
    async def use(threads: Threads) -> Any:
        call = Called(threads, lambda: "first")
        await call.future
        call.interrupt(HandlerTimedOut)
        return [await Called(threads, lambda: "next").future for _ in range(SIZE + 1)]

    assert in_threads(use) == ["next"] * (SIZE + 1)


def test_an_interruption_at_the_very_end_never_hits_the_next_call() -> None:
    """Interrupts hundreds of calls about when they end; each is followed by one in the same thread."""

    def work() -> int:
        return sum(range(50))

    async def main() -> int:
        threads = Threads(1)
        interrupted = 0
        for _ in range(1_500):
            first, second = Called(threads, work), Called(threads, work)
            for _ in range(20):
                if first.future.done():
                    break
                await asyncio.sleep(0)
            first.interrupt(HandlerTimedOut)
            try:
                await first.future
            except HandlerTimedOut:
                interrupted += 1
            assert await second.future == sum(range(50))
        threads.stop()
        return interrupted

    # Other tests leave callbacks of the garbage collection; an interruption inside of one would be lost.
    gc.disable()
    try:
        asyncio.run(main())
    finally:
        gc.enable()


def test_a_thread_ends_once_its_loop_is_gone() -> None:
    release = threading.Event()
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        release.wait()

    async def main() -> None:
        threads = Threads(1)
        Called(threads, wait)
        await asyncio.to_thread(begun.wait)
        threads.stop()

    before = set(threading.enumerate())
    asyncio.run(main())
    release.set()
    wait_until(lambda: not {t for t in threading.enumerate() if t not in before}, "the thread has ended")


@pytest.mark.parametrize("kind", [HandlerTimedOut, CancelRequested])
def test_only_the_first_interruption_counts(kind: type[Interruption]) -> None:
    begun, told = threading.Event(), []

    def tidy_up() -> None:
        try:
            busy(begun)
        except Interruption as interruption:
            told.append(type(interruption))
            raise

    async def use(threads: Threads) -> None:
        call = Called(threads, tidy_up)
        await asyncio.to_thread(begun.wait)
        call.interrupt(kind)
        call.interrupt(HandlerTimedOut)
        await call.future

    with pytest.raises(kind):
        in_threads(use)
    assert told == [kind]


UNDER_A_PROFILER = """
import cProfile, threading
from redisched.engine.threads import Call
from redisched.errors import HandlerTimedOut

def insist():
    begun.set()
    while True:
        pass

begun = threading.Event()
call = Call(insist, print)
thread = threading.Thread(target=call.run)
thread.start()
begun.wait()
call.interrupt(HandlerTimedOut)
thread.join()
assert isinstance(call.error, HandlerTimedOut)
cProfile.run("(lambda: 1)()")
"""


def test_after_an_interruption_the_process_can_still_be_profiled() -> None:
    """The interpreter keeps a flag while an exception is to be raised in a thread. If the flag stays set, every call
    takes longer, and under a profiler, a debugger or a coverage tool none ends.
    """
    subprocess.run([sys.executable, "-c", UNDER_A_PROFILER], check=True, timeout=30, capture_output=True)


@pytest.mark.parametrize("room", [0, 1])
def test_where_no_thread_can_be_started_calls_wait_for_those_that_run_or_fail_alone(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def start_if_there_is_room(thread: threading.Thread) -> None:
        if thread.name.startswith("redisched-"):
            if len(started) >= room:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_if_there_is_room)

    async def use(threads: Threads) -> list[Any]:
        calls = [Called(threads, lambda: "whole") for _ in range(SIZE)]
        return await asyncio.gather(*(call.future for call in calls), return_exceptions=True)

    ends = in_threads(use)
    assert [str(end) for end in ends] == ["whole" if room else "can't start new thread"] * SIZE
