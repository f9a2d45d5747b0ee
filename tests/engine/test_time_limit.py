"""The timeout of a running attempt: its handler sees what is left of it, and moves it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from redisched import current_task
from redisched.engine.time_limit import SoftLimit
from redisched.errors import HandlerTimedOut, InvalidOption
from tests.engine.test_slot import one_call

TIMEOUT_MS = 50
LONG_S = 3_600.0
PAST_THE_TIMEOUT_S = LONG_S - 0.01
"""So little is left some time after the first timeout, if the limit was moved by LONG_S."""


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_limit_runs_down_to_nothing() -> None:
    clock = Clock()
    limit = SoftLimit(clock, 5.0)
    left = [limit.remaining_s()]
    for seconds in (2.0, 4.0):
        clock.now_s += seconds
        left.append(limit.remaining_s())

    assert left == [5.0, 3.0, 0.0]


def test_a_limit_is_moved_until_it_is_over() -> None:
    clock = Clock()
    limit = SoftLimit(clock, 5.0)
    limit.extend(2.0)
    assert (limit.remaining_s(), limit.extended_s) == (7.0, 2.0)

    clock.now_s += 7.0
    limit.extend(2.0)
    assert (limit.remaining_s(), limit.extended_s) == (0.0, 2.0)


def go_on() -> float | None:
    """Runs for longer than its timeout."""
    current_task().extend(timedelta(seconds=LONG_S))
    while (current_task().remaining_s or 0.0) > PAST_THE_TIMEOUT_S:
        pass
    return current_task().remaining_s


async def turn() -> float:
    """Let the event loop run once; answers what is left."""
    await asyncio.sleep(0)
    return current_task().remaining_s or 0.0


async def go_on_async() -> float | None:
    current_task().extend(LONG_S)
    while await turn() > PAST_THE_TIMEOUT_S:
        pass
    return current_task().remaining_s


async def go_on_in_a_thread() -> float | None:
    return await asyncio.to_thread(go_on)


@pytest.mark.parametrize("function", [go_on, go_on_async, go_on_in_a_thread])
def test_a_handler_that_moves_its_timeout_is_not_ended_by_it(function: Callable[..., Any]) -> None:
    assert 0.0 < one_call(function, timeout_ms=TIMEOUT_MS) <= PAST_THE_TIMEOUT_S


def move_a_little() -> None:
    current_task().extend(0.01)
    while True:
        pass


async def move_a_little_async() -> None:
    current_task().extend(0.01)
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("function", [move_a_little, move_a_little_async])
def test_the_moved_timeout_ends_the_handler(function: Callable[..., Any]) -> None:
    with pytest.raises(HandlerTimedOut):
        one_call(function, timeout_ms=20)


def unlimited() -> float | None:
    current_task().extend(1)
    return current_task().remaining_s


async def unlimited_async() -> float | None:
    return unlimited()


@pytest.mark.parametrize("function", [unlimited, unlimited_async])
def test_without_a_timeout_there_is_nothing_left_and_nothing_to_move(function: Callable[..., Any]) -> None:
    assert one_call(function) is None


@pytest.mark.parametrize("seconds", [-1, "5", None, True, float("nan")])
def test_a_wrong_extension_is_refused(seconds: Any) -> None:
    def extend() -> None:
        current_task().extend(seconds)

    with pytest.raises(InvalidOption, match=r"^seconds="):
        one_call(extend, timeout_ms=60_000)


def told_to_end() -> float | None:
    try:
        while True:
            pass
    except HandlerTimedOut:
        current_task().extend(LONG_S)
        return current_task().remaining_s


def test_after_the_timeout_nothing_is_left_and_it_cannot_be_moved() -> None:
    assert one_call(told_to_end, timeout_ms=20) == 0.0
