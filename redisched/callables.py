"""What can be known of a function that a user registers, before it is called."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from redisched.errors import InvalidOption


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether a call certainly gives a coroutine. That is so for coroutine functions and for objects with an async
    `__call__`.

    If any other function returns something awaitable, that is awaited when it is known.
    """
    function = innermost(function)
    call = getattr(function, "__call__", None)  # noqa: B004 - asked for its kind, not for its presence
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def is_awaitable(result: object) -> bool:
    """Whether what a function has returned is to be awaited. Never raises."""
    try:
        return inspect.isawaitable(result)
    except BaseException:
        # A proxy, such as one of a web framework, raises outside of its request whatever it is asked.
        return False


def innermost(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, without the partials around it."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def label_of(function: Callable[..., Any]) -> str:
    """The name of a function, for people."""
    function = innermost(function)
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def check_hook(option: str, function: object, *parameters: str) -> None:
    """Check that a function can be called with these parameters, by position. Raises InvalidOption."""
    called = f"a function that takes ({', '.join(parameters)})"
    if not callable(function) or isinstance(function, type):
        raise InvalidOption(option, function, called)
    plain = innermost(function)
    if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
        raise InvalidOption(option, function, f"{called} and yields nothing")
    try:
        signature = inspect.signature(function)
    except ValueError as error:
        raise InvalidOption(option, function, f"{called} and whose parameters are known; {error}") from None
    try:
        signature.bind(*parameters)
    except TypeError as error:
        raise InvalidOption(option, function, f"{called}; this one takes {signature}: {error}") from None
