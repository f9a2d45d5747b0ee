"""Functions of every form are handlers, with the arguments that a call of theirs takes."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, NotRequired, ParamSpec, TypedDict, TypeVar, TypeVarTuple, Unpack

import pytest

from redisched.client.scheduler import Scheduler
from redisched.codec import decode_task
from redisched.errors import InvalidOption
from redisched.model import TaskBody

P = ParamSpec("P")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")
LIMIT = 1 << 20


class Names(StrEnum):
    PAY = "pay"


class Fields(TypedDict):
    to: Path
    copies: NotRequired[int]


def body_of(app: Scheduler, name: str, *args: Any, **kwargs: Any) -> TaskBody:
    return decode_task(app.handler(name).request(*args, **kwargs).task.record, LIMIT)


def forwarding(function: Callable[P, R]) -> Callable[P, R]:
    """A decorator that does not say what it wraps."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return call


def forwarding_each(function: Callable[[Unpack[Ts]], R]) -> Callable[[Unpack[Ts]], R]:
    def call(*args: *Ts) -> R:
        return function(*args)

    return call


def double(number: int) -> int:
    return number * 2


@pytest.mark.parametrize("decorate", [forwarding, forwarding_each])
def test_types_that_a_decorator_leaves_open_are_not_annotated(
    fake_app: Scheduler, decorate: Callable[[Any], Callable[..., int]]
) -> None:
    handler = fake_app.task(name="double")(decorate(double))

    assert (handler(3), body_of(fake_app, "double", 3).args) == (6, [3])


def test_what_a_cache_wraps_has_its_arguments(fake_app: Scheduler) -> None:
    @fake_app.task(name="name_of", unique="{path}")
    @lru_cache
    def name_of(path: Path) -> str:
        return path.name

    body = body_of(fake_app, "name_of", Path("a/b"))
    assert body.args == ["a/b"]
    (path,), _ = fake_app.handler("name_of").entry.arguments_of(body)
    assert name_of(path) == "b"


def test_unpacked_fields_come_as_annotated(fake_app: Scheduler) -> None:
    @fake_app.task(name="print")
    def print_all(title: str, **fields: Unpack[Fields]) -> None: ...

    body = body_of(fake_app, "print", "a", to=Path("b"), copies=2)
    assert body.kwargs == {"to": "b", "copies": 2}
    assert print_all.entry.arguments_of(body) == (["a"], {"to": Path("b"), "copies": 2})


@pytest.mark.parametrize("is_async", [False, True])
def test_a_static_method_is_a_handler_in_either_order(fake_app: Scheduler, *, is_async: bool) -> None:
    class Jobs:
        if is_async:

            @fake_app.task(name="run")
            @staticmethod
            async def run(number: int) -> int:
                return number
        else:

            @fake_app.task(name="run")
            @staticmethod
            def run(number: int) -> int:
                return number

        @staticmethod
        @fake_app.task(name="other")
        def other(number: int) -> int:
            return number

    assert Jobs.run.entry.is_async is is_async
    result: Any = Jobs().run(3)
    assert (asyncio.run(result) if is_async else result) == 3
    assert Jobs().other(4) == 4
    assert (body_of(fake_app, "run", 3).args, body_of(fake_app, "other", 4).args) == ([3], [4])


def test_an_argument_may_be_called_self(fake_app: Scheduler) -> None:
    @fake_app.task(name="note")
    def note(**fields: int) -> dict[str, int]:
        return fields

    assert body_of(fake_app, "note", self=1, args=2).kwargs == {"self": 1, "args": 2}
    assert note(self=1) == {"self": 1}


def test_attributes_of_a_function_do_not_hide_those_of_its_handler(fake_app: Scheduler) -> None:
    def pay(cents: int) -> None: ...

    for name in ("request", "enqueue", "enqueue_async", "options", "application"):
        setattr(pay, name, "of another library")
    pay.retried = 3  # type: ignore[attr-defined]
    handler: Any = fake_app.task(name="pay")(pay)

    assert handler.options(priority=1).request(5).task.priority == 1
    assert decode_task(handler.request(5).task.record, LIMIT).args == [5]
    assert handler.retried == 3


def test_a_name_may_be_a_member_of_an_enum(fake_app: Scheduler) -> None:
    fake_app.task(name=Names.PAY)(double)

    assert type(fake_app.handler("pay").name) is str
    assert body_of(fake_app, "pay", 1).name == "pay"
    assert decode_task(fake_app.request(Names.PAY, 1).task.record, LIMIT).name == "pay"
    assert decode_task(Scheduler(broker=fake_app.broker).request(Names.PAY).task.record, LIMIT).name == "pay"


@pytest.mark.parametrize("function", [classmethod(lambda _kind: None), "double", 5, dict])
def test_what_cannot_be_a_handler_is_refused(fake_app: Scheduler, function: Any) -> None:
    with pytest.raises(InvalidOption, match="function="):
        fake_app.task(name="a")(function)
