"""Awaits a coroutine in a context of its own, inside the asyncio Task that runs anyway.

A Task for each handler would have such a context, too, and costs ten times as much.
"""

from collections.abc import Awaitable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any

from redisched.engine.forks import end_fork, is_fork


async def run_in_context(context: Context, steps: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns; every one of its steps sees, and changes, the variables of this context alone.

    A copy of this process that the coroutine forks ends with it, or when it awaits something.
    """
    try:
        try:
            waited_for = context.run(steps.send, None)
        except StopIteration as returned:
            result = returned.value
        else:
            result = await _remaining(context, steps, waited_for)
    except BaseException as error:
        if is_fork():
            end_fork(error)
        raise
    if is_fork():
        end_fork(None)
    return result


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
