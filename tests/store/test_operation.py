"""An operation is written once. Blocking and under asyncio it takes the same steps and has the same result."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from redisched.backoff import Backoff
from redisched.errors import BrokerRefused, BrokerUnavailable, QueueFull
from redisched.store.operation import Command, Operation, Pause, RetryPolicy, Step, run, run_async, with_retries
from tests.store.scripted import ScriptedAsyncClient, ScriptedClient

DOWN = BrokerUnavailable("connection refused", 0.0)


@dataclass(frozen=True, slots=True)
class Ran:
    """How an operation went."""

    commands: list[Command]
    result: Any = None
    error: Exception | None = None


def run_blocking(operation: Operation[Any], replies: list[Any]) -> Ran:
    client = ScriptedClient(replies)
    try:
        return Ran(client.commands, run(operation, client))
    except Exception as error:
        return Ran(client.commands, error=error)


def run_under_asyncio(operation: Operation[Any], replies: list[Any]) -> Ran:
    client = ScriptedAsyncClient(replies)
    try:
        return Ran(client.commands, asyncio.run(run_async(operation, client)))
    except Exception as error:
        return Ran(client.commands, error=error)


both_ways = pytest.mark.parametrize("way", [run_blocking, run_under_asyncio])
Way = Callable[[Operation[Any], list[Any]], Ran]


def add_up(*keys: str) -> Operation[int]:
    total = 0
    for key in keys:
        total += yield ("GET", key)
    return total


def get_or(key: str, default: int) -> Operation[int]:
    try:
        value: int = yield ("GET", key)
    except BrokerUnavailable:
        return default
    return value


@both_ways
def test_each_reply_is_the_value_of_its_yield(way: Way) -> None:
    assert way(add_up("a", "b", "c"), [1, 2, 3]) == Ran([("GET", "a"), ("GET", "b"), ("GET", "c")], 6)


@both_ways
def test_an_operation_without_a_step_returns_its_result(way: Way) -> None:
    assert way(add_up(), []) == Ran([], 0)


@both_ways
def test_an_error_is_thrown_into_the_operation_which_may_catch_it(way: Way) -> None:
    assert way(get_or("a", 7), [DOWN]) == Ran([("GET", "a")], 7)


@both_ways
def test_an_error_that_is_not_caught_ends_the_operation(way: Way) -> None:
    assert way(add_up("a", "b"), [1, DOWN]) == Ran([("GET", "a"), ("GET", "b")], error=DOWN)


@both_ways
def test_an_operation_continues_after_an_error_that_it_caught(way: Way) -> None:
    def get_twice() -> Operation[int]:
        return (yield from get_or("a", 1)) + (yield from get_or("b", 1))

    assert way(get_twice(), [DOWN, 5]) == Ran([("GET", "a"), ("GET", "b")], 6)


@both_ways
def test_a_pause_is_not_a_command(way: Way) -> None:
    def pause_and_get() -> Operation[int]:
        yield Pause(0.0)
        value: int = yield ("GET", "a")
        return value

    assert way(pause_and_get(), [1]) == Ran([("GET", "a")], 1)


@dataclass(slots=True)
class RetryDriver:
    """Executes `with_retries` without sleeping: the time is the sum of the pauses and the tries."""

    replies: list[Any]
    try_takes_s: float = 0.0
    now_s: float = 100.0
    pauses_s: list[float] = field(default_factory=list)
    tries: int = 0

    def drive(self, total_s: float, try_s: float = 1.0, draw: float = 1.0) -> Any:
        """Get "a" within so much time. `draw` is the random number for each pause."""
        retry_policy = RetryPolicy(
            began_s=self.now_s,
            total_s=total_s,
            try_s=try_s,
            backoff=Backoff(base_s=1.0, cap_s=4.0),
            monotonic=lambda: self.now_s,
            random=lambda: draw,
        )
        operation = with_retries(lambda: add_up("a"), retry_policy)
        step = next(operation)
        while True:
            try:
                step = self._take(operation, step)
            except StopIteration as stop:
                return stop.value

    def _take(self, operation: Operation[Any], step: Step) -> Step:
        if isinstance(step, Pause):
            self.pauses_s.append(step.seconds)
            self.now_s += step.seconds
            return operation.send(None)
        self.tries += 1
        self.now_s += self.try_takes_s
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return operation.throw(reply) if isinstance(reply, Exception) else operation.send(reply)


def test_a_call_that_is_answered_at_once_is_not_repeated() -> None:
    driver = RetryDriver([5])

    assert driver.drive(total_s=0.0) == 5
    assert driver.pauses_s == []


def test_a_call_is_repeated_with_growing_pauses_until_it_is_answered() -> None:
    driver = RetryDriver([DOWN, DOWN, DOWN, DOWN, 5])

    assert driver.drive(total_s=60.0) == 5
    assert driver.pauses_s == [1.0, 2.0, 4.0, 4.0]


def test_chance_shortens_a_pause_to_half_at_most() -> None:
    driver = RetryDriver([DOWN, DOWN, 5])

    driver.drive(total_s=60.0, draw=0.0)

    assert driver.pauses_s == [0.5, 1.0]


def test_no_try_begins_that_could_end_after_the_total_time() -> None:
    driver = RetryDriver([DOWN], try_takes_s=1.0)

    with pytest.raises(BrokerUnavailable) as failed:
        driver.drive(total_s=9.0, try_s=1.0)

    # Tries of a second each, pauses of 1 and 2 s: after 6 s a pause of 4 s and another try would end at 11 s.
    assert (driver.tries, driver.pauses_s) == (3, [1.0, 2.0])
    assert failed.value.waited_s == 6.0
    assert failed.value.reason == "connection refused"
    assert "6.0 s" in str(failed.value)


def test_if_the_time_is_too_short_for_a_second_try_there_is_one() -> None:
    driver = RetryDriver([DOWN])

    with pytest.raises(BrokerUnavailable):
        driver.drive(total_s=1.0)

    assert (driver.tries, driver.pauses_s) == (1, [])


@pytest.mark.parametrize("error", [QueueFull("OOM"), BrokerRefused("GET", "WRONGTYPE")])
def test_an_error_that_waiting_cannot_cure_is_raised_at_once(error: Exception) -> None:
    driver = RetryDriver([error])

    with pytest.raises(type(error)):
        driver.drive(total_s=60.0)

    assert (driver.tries, driver.pauses_s) == (1, [])


@both_ways
def test_retries_work_blocking_and_under_asyncio(way: Way) -> None:
    retry_policy = RetryPolicy(
        began_s=0.0,
        total_s=1.0,
        try_s=0.0,
        backoff=Backoff(base_s=0.0, cap_s=0.0),
        monotonic=lambda: 0.0,
        random=lambda: 0.0,
    )

    assert way(with_retries(lambda: add_up("a"), retry_policy), [DOWN, DOWN, 3]) == Ran([("GET", "a")] * 3, 3)


def test_a_call_without_time_left_is_not_tried() -> None:
    retry_policy = RetryPolicy(
        began_s=0.0,
        total_s=5.0,
        try_s=2.0,
        backoff=Backoff(base_s=0.0, cap_s=0.0),
        monotonic=lambda: 3.5,
        random=lambda: 0.0,
    )
    with pytest.raises(BrokerUnavailable) as failed:
        next(with_retries(lambda: add_up("a"), retry_policy))
    assert failed.value.waited_s == 3.5
    next(with_retries(lambda: add_up("a"), retry_policy.again()))


class DeafClient:
    """Loses a cancellation that comes during a command, as the client library may while it connects."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def perform(self, command: Command) -> Any:
        self.asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return [await self.perform(command) for command in commands]


def test_a_caller_that_was_cancelled_does_not_wait_though_the_cancellation_was_lost() -> None:
    def wait_for_ever() -> Operation[None]:
        yield ("GET", "a")
        yield Pause(3_600.0)

    async def cancel() -> None:
        client = DeafClient()
        caller = asyncio.ensure_future(run_async(wait_for_ever(), client))
        await client.asked.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller

    asyncio.run(cancel())


def test_a_cleanup_after_a_cancellation_may_wait() -> None:
    def wait() -> Operation[str]:
        yield Pause(0.0)
        return "cleaned up"

    async def clean_up() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return await run_async(wait(), DeafClient())
        return ""

    async def cancel() -> str:
        caller = asyncio.ensure_future(clean_up())
        await asyncio.sleep(0)
        caller.cancel()
        return await caller

    assert asyncio.run(cancel()) == "cleaned up"
