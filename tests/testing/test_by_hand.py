"""Handlers that are called by hand."""

import asyncio
from typing import Any

import pytest

from redisched import current_task, testing
from redisched.errors import InvalidOption, NotEncodable
from tests.testing import shop


def test_a_handler_sees_the_task_that_the_test_names() -> None:
    with testing.context(attempt=2, max_attempts=3, id="order:1", fence=7, priority=3, queue="billing", timeout=60):
        task = current_task()
        remaining_s = task.remaining_s

    assert (task.attempt, task.max_attempts, task.id, task.fence) == (2, 3, "order:1", 7)
    assert (task.priority, task.queue) == (3, "billing")
    assert remaining_s is not None
    assert 0 < remaining_s <= 60


def test_what_it_saves_can_be_looked_at() -> None:
    with testing.context(attempt=2, state=[1]) as task, pytest.raises(RuntimeError):
        shop.resumes()

    assert (task.state, task.saved) == ([1], [1, 2])


def test_what_cannot_be_stored_is_refused_as_in_production() -> None:
    with testing.context() as task, pytest.raises(NotEncodable):
        task.checkpoint(object())


def test_an_async_handler_sees_it_too() -> None:
    async def program() -> int:
        with testing.context(attempt=4):
            return await asyncio.create_task(attempt())

    async def attempt() -> int:
        await current_task().checkpoint_async({"a": 1})
        return current_task().attempt

    assert asyncio.run(program()) == 4


def test_afterwards_there_is_no_task() -> None:
    with testing.context():
        pass

    with pytest.raises(LookupError):
        current_task()


@pytest.mark.parametrize(
    "given", [{"attempt": 0}, {"attempt": 3, "max_attempts": 2}, {"id": "a b"}, {"priority": 256}, {"timeout": 0}]
)
def test_what_no_task_can_have_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption), testing.context(**given):
        pytest.fail("it was entered")


@pytest.mark.parametrize(
    "given", [{"attempt": "2"}, {"attempt": None}, {"fence": "x"}, {"fence": -1}, {"headers": {"a": 1}}]
)
def test_what_is_of_another_type_is_refused(given: dict[str, Any]) -> None:
    (option,) = given
    with pytest.raises(InvalidOption, match=option), testing.context(**given):
        pass


def test_a_handler_sees_what_middleware_of_the_producer_sends_along() -> None:
    with testing.context(headers={"tenant": "a"}):
        assert current_task().headers == {"tenant": "a"}
