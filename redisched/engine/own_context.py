"""Awaits a coroutine in its own contextvars context, without making an asyncio Task.

A Task for each handler would also have its own context, but costs ten times as much.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any, TypeVar

from redisched.engine.forks import FORK_BORDER, end_fork, is_fork

T = TypeVar("T")


async def run_in_context(context: Context, begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T) -> Any:
    """Call `begin` with the argument, and await the coroutine that it returns; answers what that returns. The call and
    every step of the coroutine see and change only the variables of this context.

    If the coroutine forks this process, the copy ends when the coroutine ends or awaits something.
    """
    result, rest = begin_in_context(context, begin, argument)
    return result if rest is None else await rest


def begin_in_context(
    context: Context, begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T
) -> tuple[Any, Coroutine[Any, Any, Any] | None]:
    """As `run_in_context`, but only up to the first wait. Answers the result and None, or None and a coroutine that
    does the rest.
    """
    try:
        return context.run(_first_step, context, begin, argument)
    except BaseException as error:
        if is_fork():
            end_fork(error)
        raise


async def _rest(context: Context, steps: Coroutine[Any, Any, Any], waited_for: Any) -> Any:
    with FORK_BORDER:
        return await _remaining(context, steps, waited_for)


def _first_step(
    context: Context, begin: Callable[[T], Coroutine[Any, Any, Any]], argument: T
) -> tuple[Any, Coroutine[Any, Any, Any] | None]:
    steps = begin(argument)
    try:
        waited_for = steps.send(None)
    except StopIteration as returned:
        if is_fork():
            end_fork(None)
        return returned.value, None
    return None, _rest(context, steps, waited_for)


async def steps_of(awaitable: Awaitable[Any]) -> Any:
    """Turn any awaitable into a coroutine."""
    return await awaitable


@coroutine
def _remaining(context: Context, steps: Coroutine[Any, Any, Any], waited_for: Any) -> Generator[Any, Any, Any]:
    """The steps after the first. A handler that waits for nothing does not need them."""
    try:
        while True:
            if is_fork():
                # This is a forked copy, which must not use the event loop of the original process.
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
