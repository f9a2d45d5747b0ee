"""S13: whatever a handler returns or raises, the end of its task can be read, and its worker works on."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from redisched import Scheduler
from redisched.codec import ERROR_CHARACTERS, TRACEBACK_CHARACTERS
from redisched.errors import TaskFailed
from redisched.model import DeathReason
from tests.engine.running import RunningWorker

MEGABYTE = 1024 * 1024


def contain_itself() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


RESULTS: dict[str, Callable[[], Any]] = {
    "10 MB": lambda: bytes(10 * MEGABYTE),
    "generator": lambda: (number for number in range(3)),
    "endless": contain_itself,
    "class": lambda: Mute,
    "surrogate": lambda: "\ud800",
}


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def recurse() -> NoReturn:
    recurse()


def raise_mute() -> NoReturn:
    raise Mute


def raise_long() -> NoReturn:
    raise ValueError("x" * MEGABYTE)


def raise_surrogate() -> NoReturn:
    raise ValueError("\ud800\x1b[31m\x00")


def raise_chain() -> NoReturn:
    try:
        raise_mute()
    except Mute as error:
        raise ValueError(error) from error


def raise_group() -> NoReturn:
    raise BaseExceptionGroup("many", [ValueError("x" * MEGABYTE), KeyboardInterrupt()])


ERRORS = {
    "no text": (raise_mute, "Mute"),
    "1 MB of text": (raise_long, "ValueError: xxx"),
    "no unicode": (raise_surrogate, "ValueError"),
    "recursion": (recurse, "RecursionError"),
    "chain": (raise_chain, "ValueError"),
    "group": (raise_group, "ExceptionGroup"),
    "exit": (lambda: exit_with("x" * MEGABYTE), "SystemExit"),
    "stop": (lambda: next(iter(())), "StopIteration"),
}


def exit_with(status: str) -> NoReturn:
    raise SystemExit(status)


def failure_of(app: Scheduler, handler: Callable[[], Any]) -> TaskFailed:
    """The failure of a handler's task. The task after it must succeed."""
    app.task(name="hostile", max_attempts=1)(handler)
    app.task(name="fine")(lambda: "fine")
    with RunningWorker(app) as worker:
        with pytest.raises(TaskFailed) as failed:
            app.enqueue("hostile").result(timeout=10)
        assert app.enqueue("fine").result(timeout=10) == "fine"
        assert not worker.has_ended
    return failed.value


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
def test_s13_a_result_that_cannot_be_stored_ends_its_task_dead(app: Scheduler, make: Callable[[], Any]) -> None:
    failure = failure_of(app, make)

    assert failure.reason == DeathReason.RESULT
    assert len(failure.error) <= ERROR_CHARACTERS


@pytest.mark.parametrize(("handler", "said"), ERRORS.values(), ids=ERRORS)
def test_s13_every_error_is_stored_whatever_its_text_method_does(
    app: Scheduler, handler: Callable[[], Any], said: str
) -> None:
    failure = failure_of(app, handler)

    assert failure.reason == DeathReason.ATTEMPTS
    assert said in failure.error
    assert len(failure.error) <= ERROR_CHARACTERS
    assert len(failure.traceback) <= TRACEBACK_CHARACTERS


def test_s13_an_async_handler_that_recurses_too_deep_fails(app: Scheduler) -> None:
    async def dive() -> None:
        await dive()

    assert "RecursionError" in failure_of(app, dive).error
