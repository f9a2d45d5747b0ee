"""Makes errors of handlers safe to look at: the classes of some have code that raises whatever they are asked."""

from collections.abc import Awaitable
from typing import Any

from redisched.errors import Interruption


class UnreadableError(Exception):
    """Takes the place of an error whose class raises when it is asked for its type or its name."""


def readable(error: BaseException) -> BaseException:
    """The same error, or an UnreadableError with its traceback."""
    try:
        # For an error of another type, this asks for its `__class__`, as every later check of its type does.
        isinstance(error, Interruption)
        if isinstance(type(error).__name__, str):
            return error
    except BaseException:  # noqa: S110 - that it raises is the answer
        pass
    said = "the handler raised an error whose class cannot be asked for its type or name"
    return UnreadableError(said).with_traceback(error.__traceback__)


async def with_readable_errors(awaitable: Awaitable[Any]) -> Any:
    """Await it; raises an UnreadableError in place of an error that is none. Where this is what an event loop runs to
    its end, asyncio asks for the type of the error in a callback, and the loop would never end if that raised.
    """
    try:
        return await awaitable
    except BaseException as raised:
        error = readable(raised)
        if error is raised:
            raise
        raise error from None
