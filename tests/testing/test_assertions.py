"""Assertions about the tasks that wait."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import InvalidOption
from redisched.testing import NoWorkerHere, VirtualWorker, assert_enqueued, assert_not_enqueued, worker

app = Scheduler()


@app.task(name="pay", queue="billing")
def pay(order_id: int, cents: int = 100) -> None:
    """Nothing."""


@app.task(name="sort")
def sort(priority: str, **others: int) -> None:
    """Has an argument with the name of an option."""


@pytest.fixture(autouse=True)
def running() -> Iterator[VirtualWorker]:
    with worker(app, start=1_900_000_000) as running:
        yield running


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), {}),
        ((1,), {}),
        ((), {"order_id": 1}),
        ((1,), {"cents": 100}),
        ((), {"order_id": 1, "priority": 3, "queue": "billing", "id": "order:1"}),
        ((), {"delay": "1h"}),
        ((), {"delay": 3_600}),
        ((), {"run_at": datetime.fromtimestamp(1_900_003_600, UTC)}),
    ],
)
def test_a_task_is_found_by_what_is_expected(args: tuple[Any, ...], expected: dict[str, Any]) -> None:
    pay.enqueue(2)
    task = pay.options(priority=3, delay=3_600, id="order:1").enqueue(order_id=1)

    assert assert_enqueued(pay, *args, **expected) in (task, app.ref(task.id)) or not (args or expected)


@pytest.mark.parametrize(
    "expected", [{"order_id": 2}, {"cents": 7}, {"priority": 4}, {"queue": "mail"}, {"id": "b"}, {"delay": 1}]
)
def test_a_task_that_differs_is_not_found_and_those_that_wait_are_named(expected: dict[str, Any]) -> None:
    task = pay.enqueue(1)

    with pytest.raises(AssertionError, match=rf"no task of pay waits with .*(?s:.*){task.id}: order_id=1, cents=100"):
        assert_enqueued(pay, **expected)
    assert_not_enqueued(pay, **expected)


def test_a_task_that_waits_is_named_where_none_should_wait() -> None:
    pay.enqueue(1)
    assert_not_enqueued(sort)

    with pytest.raises(AssertionError, match="a task of pay waits with order_id=1"):
        assert_not_enqueued(pay, order_id=1)


def test_a_task_that_has_run_does_not_wait_any_more(running: VirtualWorker) -> None:
    pay.enqueue(1)
    running.run_until_idle()

    with pytest.raises(AssertionError, match="none of it waits"):
        assert_enqueued(pay)


def test_an_argument_with_the_name_of_an_option_is_the_argument() -> None:
    sort.options(priority=3).enqueue("high", size=7)

    assert_enqueued(sort, priority="high", size=7)
    assert_not_enqueued(sort, priority="low")


def test_what_is_neither_an_argument_nor_an_option_is_refused() -> None:
    with pytest.raises(InvalidOption, match="order=1: an argument of pay, or priority, queue"):
        assert_enqueued(pay, order=1)


def test_a_handler_of_another_application_is_refused() -> None:
    @Scheduler().task(name="pay")
    def other() -> None:
        """Nothing."""

    with pytest.raises(NoWorkerHere, match="pay"):
        assert_enqueued(other)


@pytest.mark.parametrize("handler", ["pay", 5, pay.entry.function, pay.options(priority=3)])
def test_what_is_no_handler_is_refused(handler: Any) -> None:
    for asserted in (assert_enqueued, assert_not_enqueued):
        with pytest.raises(InvalidOption, match=r"a handler, as @app\.task makes it"):
            asserted(handler, order_id=1)


def test_more_arguments_than_the_handler_has_are_refused() -> None:
    with pytest.raises(InvalidOption, match="arguments of pay; too many positional arguments"):
        assert_enqueued(pay, 1, 2, 3)


def test_what_was_asked_for_is_said_as_it_was_asked() -> None:
    with pytest.raises(AssertionError, match=r"no task of pay waits with order_id=1, delay='1h', run_at=5;"):
        assert_enqueued(pay, order_id=1, delay="1h", run_at=5)
