"""Awaits a coroutine in a context of its own, inside the asyncio Task that runs anyway.

A Task for each handler would have such a context, too, and costs ten times as much.
"""

from collections.abc import Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any


@coroutine
def in_context(context: Context, steps: Coroutine[Any, Any, Any], waited_for: Any) -> Generator[Any, Any, Any]:
    """What a coroutine returns; every one of its steps sees, and changes, the variables of this context alone.

    Its first step has been taken, and waits for something: most handlers that wait for nothing never come here.
    """
    try:
        while True:
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
