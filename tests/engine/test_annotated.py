"""Handlers get their arguments as annotated, and callers the results."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler, as_completed, gather
from redisched.codec import decode_failure
from redisched.errors import TaskFailed, Undecodable
from redisched.model import DeathReason, TaskState
from redisched.store.broker import Broker
from redisched.store.values import Bury
from tests.conversion.values import ORDER, ORDER_AS_IT_TRAVELS, Color, Customer, Order, Point
from tests.engine.isolation.test_isolated import result_in, verdict_on
from tests.engine.running import RunningWorker, look


@dataclass(frozen=True)
class Receipt:
    order: Order
    to: Path
    within: timedelta


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    """An application with a sync and an async handler that answer what they got, and one that returns nonsense."""
    app = Scheduler(broker=broker)

    @app.task(name="ship")
    def ship(order: Order, to: Path, *, within: timedelta = timedelta(days=1)) -> Receipt:
        assert (type(order), isinstance(to, Path), type(within)) == (Order, True, timedelta)
        return Receipt(order, to, within)

    @app.task(name="paint")
    async def paint(*points: Point, **colors: Color) -> tuple[list[Point], dict[str, Color]]:
        await asyncio.sleep(0)
        return list(points), colors

    @app.task(name="lie")
    def lie() -> Color:
        return "no color"  # type: ignore[return-value]

    @app.task(name="greet")
    def greet(customer: Customer | None) -> Customer | None:
        return customer

    return app


def test_values_come_back_as_annotated(app: Scheduler) -> None:
    with RunningWorker(app):
        shipped = app.handler("ship").enqueue(ORDER, Path("a"), within=timedelta(seconds=1))
        painted = app.handler("paint").enqueue(Point(1), Point(2), one=Color.RED)
        greeted = app.handler("greet").enqueue(None)
        assert shipped.result(timeout=10) == Receipt(ORDER, Path("a"), timedelta(seconds=1))
        assert painted.result(timeout=10) == ([Point(1), Point(2)], {"one": Color.RED})
        assert greeted.result(timeout=10) is None
        assert gather([shipped]) == [Receipt(ORDER, Path("a"), timedelta(seconds=1))]
        assert [one.result() for one in as_completed([painted])] == [([Point(1), Point(2)], {"one": Color.RED})]


def test_who_does_not_know_the_handler_gets_what_travelled(app: Scheduler, broker: Broker) -> None:
    elsewhere = Scheduler(broker=broker)
    with RunningWorker(app):
        task = elsewhere.enqueue("ship", ORDER_AS_IT_TRAVELS, "a", kwargs={"within": 1})
        assert task.result(timeout=10) == {"order": ORDER_AS_IT_TRAVELS, "to": "a", "within": "1s"}
        assert app.ref(task.id).result(timeout=10) == Receipt(ORDER, Path("a"), timedelta(seconds=1))


def test_arguments_that_are_not_as_annotated_make_the_task_dead_at_once(app: Scheduler, broker: Broker) -> None:
    with RunningWorker(app):
        task = Scheduler(broker=broker).enqueue("ship", ORDER_AS_IT_TRAVELS | {"lines": [{"sku": 3}]}, "a")
        with pytest.raises(TaskFailed) as caught:
            task.result(timeout=10)
        other = Scheduler(broker=broker).enqueue("paint", [1])
        with pytest.raises(TaskFailed, match="argument points of paint is no Point as annotated"):
            other.result(timeout=10)
    said = "argument order of ship is no Order as annotated: at .lines[0].sku: str expected, and int 3 came"
    assert said in str(caught.value)
    assert caught.value.reason == DeathReason.ARGUMENTS
    assert len(look(broker, task.id).failures) == 1


def test_it_can_be_replayed_with_others(app: Scheduler, broker: Broker) -> None:
    with RunningWorker(app):
        task = Scheduler(broker=broker).enqueue("ship", 3, "a")
        with pytest.raises(TaskFailed):
            task.result(timeout=10)
        here = app.ref(task.id, "default")
        here.replay_with(ORDER, Path("b"))
        assert here.result(timeout=10) == Receipt(ORDER, Path("b"), timedelta(days=1))


def test_a_result_that_is_not_as_annotated_is_not_stored(app: Scheduler, broker: Broker) -> None:
    with RunningWorker(app):
        task = app.handler("lie").enqueue()
        with pytest.raises(TaskFailed, match="result of lie='no color': Color as annotated") as caught:
            task.result(timeout=10)
    assert caught.value.reason == DeathReason.RESULT


def test_a_result_that_another_version_stored_in_another_form_is_undecodable(app: Scheduler, broker: Broker) -> None:
    newer = Scheduler(broker=broker)

    @newer.task(name="greet")
    def greet(customer: Any) -> Color:
        raise AssertionError

    with RunningWorker(app):
        task = app.handler("greet").enqueue(None)
        assert task.result(timeout=10) is None
    with pytest.raises(Undecodable, match="the result of greet is no Color as annotated"):
        newer.ref(task.id, "default").result()
    assert task.status() is TaskState.SUCCEEDED


@pytest.mark.parametrize("name", ["move", "move_async"])
def test_isolated_handlers_convert_in_their_process(name: str) -> None:
    assert result_in(verdict_on(name, {"x": 1, "place": "a"}, "blue")) == {"x": 2, "place": "a/blue"}


def test_wrong_arguments_of_an_isolated_handler_are_told(tmp_path: Path) -> None:
    settlement = verdict_on("move", {"x": 1}, "green").settlement

    assert isinstance(settlement, Bury)
    failure = decode_failure(settlement.failure)
    assert failure.reason == DeathReason.ARGUMENTS
    assert "argument color of move is no Color as annotated" in failure.error
