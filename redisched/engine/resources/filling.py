"""Handlers that are called with their resources.

Each handler with resources is replaced by a function that opens them, calls it, and closes them. So it does not matter
in which kind of slot it runs, and a handler without resources pays nothing.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from functools import wraps
from typing import Any

from redisched.callables import is_awaitable
from redisched.conversion.conversion import WrongArguments
from redisched.engine.forks import FORK_BORDER
from redisched.engine.resources.process_resources import ProcessResources
from redisched.resources import HandlerResources


def filled_in_thread(
    function: Callable[..., Any], resources: HandlerResources, process: ProcessResources
) -> Callable[..., Any]:
    """A sync handler that opens its resources, which are sync too, where it runs."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        _check(resources, kwargs)
        with ExitStack() as stack:
            args_filled, kwargs_filled = resources.filled(args, kwargs, process.enter(stack, resources.needs, {}))
            # A forked copy must close nothing that this process has open.
            with FORK_BORDER:
                result = function(*args_filled, **kwargs_filled)
            return _awaited_within(stack.pop_all(), result) if is_awaitable(result) else result

    return _told(call, resources)


def filled_on_loop(
    function: Callable[..., Awaitable[Any]], resources: HandlerResources, process: ProcessResources
) -> Callable[..., Awaitable[Any]]:
    """An async handler, or what awaits a sync one in its thread, that opens its resources on the event loop."""

    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        _check(resources, kwargs)
        async with AsyncExitStack() as stack:
            values = await process.enter_async(stack, resources.needs, {})
            args_filled, kwargs_filled = resources.filled(args, kwargs, values)
            with FORK_BORDER:
                return await function(*args_filled, **kwargs_filled)

    return _told(call, resources)


def _told(call: Callable[..., Any], resources: HandlerResources) -> Callable[..., Any]:
    """The same function, with the parameters that callers see."""
    call.__signature__ = resources.signature  # type: ignore[attr-defined]
    return call


def _check(resources: HandlerResources, kwargs: dict[str, Any]) -> None:
    if refusal := resources.refusal(kwargs):
        raise WrongArguments(str(refusal))


async def _awaited_within(stack: ExitStack, result: Awaitable[Any]) -> Any:
    with stack, FORK_BORDER:
        return await result
