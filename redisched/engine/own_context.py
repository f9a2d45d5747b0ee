"""Awaits a coroutine in a context of its own, inside the asyncio Task that runs anyway.

A Task for each handler would have such a context, too, and costs ten times as much.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any, TypeVar

from redisched.engine.forks import end_fork, is_fork

T = TypeVar("T")


async def run_in_context(context: Context, begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T) -> Any:
    """What the coroutine returns that is begun so; every one of its steps, and what comes before the first, sees, and
    changes, the variables of this context alone.

    A copy of this process that the coroutine forks ends with it, or when it awaits something.
    """
    result, rest = begin_in_context(context, begin, argument)
    return result if rest is None else await rest


def begin_in_context(
    context: Context, begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T
) -> tuple[Any, Coroutine[Any, Any, Any] | None]:
    """As `run_in_context`, as far as the coroutine comes without waiting: what it returned, or what is to be awaited
    still.
    """
    try:
        steps, come_to = context.run(_first_step, begin, argument)
    except BaseException as error:
        if is_fork():
            end_fork(error)
        raise
    if steps is not None:
        return None, _rest(context, steps, come_to)
    if is_fork():
        end_fork(None)
    return come_to, None


async def _rest(context: Context, steps: Coroutine[Any, Any, Any], waited_for: Any) -> Any:
    try:
        result = await _remaining(context, steps, waited_for)
    except BaseException as error:
        if is_fork():
            end_fork(error)
        raise
    if is_fork():
        end_fork(None)
    return result


def _first_step(
    begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T
) -> tuple[Coroutine[Any, Any, Any] | None, Any]:
    """The coroutine and what it waits for, or None and what it returned."""
    steps = begin(argument)
    try:
        return steps, steps.send(None)
    except StopIteration as returned:
        return None, returned.value


async def steps_of(awaitable: Awaitable[Any]) -> Any:
    """Whatever can be awaited, as a coroutine."""
    return await awaitable


@coroutine
def _remaining(context: Context, steps: Coroutine[Any, Any, Any], waited_for: Any) -> Generator[Any, Any, Any]:
    """The steps after the first. Most handlers that wait for nothing never come here."""
    try:
        while True:
            if is_fork():
                # The event loop is that of the process that was copied.
                end_fork(None)
            try:
                value = yield waited_for
            except GeneratorExit:
                context.run(steps.close)
                raise
            except BaseException as error:
                waited_for = context.run(steps.throw, error)
            else:
                waited_for = context.run(steps.send, value)
    except StopIteration as returned:
        return returned.value
