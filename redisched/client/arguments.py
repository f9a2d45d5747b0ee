"""Checks whether arguments fit a handler when a task is enqueued, not only when a worker runs it."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redisched.errors import InvalidArguments, InvalidOption

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
Bind = Callable[[Sequence[Any], Mapping[str, Any]], tuple[Sequence[Any], Mapping[str, Any]]]
"""Turns the arguments of a call into a form that is the same however they were given, by position or by name."""


def as_given(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """The arguments unchanged, for a function that is not known here: its parameters are not known either."""
    return args, kwargs


class ArgumentCheck:
    """Checks the arguments of one function. For positional arguments alone this costs a single comparison.

    The function that will be called counts, not the one that a decorator wraps: the wrapped one may get other
    arguments.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        """Raises InvalidOption if the function cannot be a handler."""
        if not callable(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise InvalidOption("function", function, "a function or a coroutine function")
        self._name = name
        try:
            self._signature = inspect.signature(function, follow_wrapped=False)
        except ValueError as error:
            raise InvalidOption("function", function, f"a function whose arguments are known; {error}") from None
        parameters = self._signature.parameters.values()
        by_position = [parameter for parameter in parameters if parameter.kind in _BY_POSITION]
        required = [parameter for parameter in parameters if parameter.default is parameter.empty]
        self._fewest: float = sum(parameter.kind in _BY_POSITION for parameter in required)
        self._most: float = len(by_position)
        if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
            self._most = math.inf
        if any(parameter.kind is parameter.KEYWORD_ONLY for parameter in required):
            self._fewest = math.inf

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Raises InvalidArguments, which says what is missing or too many."""
        if kwargs or not self._fewest <= len(args) <= self._most:
            self.bind(args, kwargs)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The same arguments, by position as far as possible. Raises InvalidArguments."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            allowed = f"{error}; it takes {self._signature}"
            raise InvalidArguments(f"arguments of {self._name}", (args, kwargs), allowed) from None
        return bound.args, bound.kwargs
