"""Checks whether arguments fit a handler when a task is enqueued, not only when a worker runs it."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from redisched.conversion.conversion import Conversion
from redisched.conversion.parameters import Annotations
from redisched.errors import InvalidArguments, InvalidOption
from redisched.redaction import REDACTED, SECRETS
from redisched.resources import HandlerResources

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Signature(Protocol):
    """What is known of the arguments of a function."""

    conversion: Conversion | None
    """How its arguments travel; None if they travel as they are."""

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any], /) -> None:
        """Raises InvalidArguments, which says what is missing or too many."""
        ...

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments in a form that is the same however they were given, by position or by name."""
        ...

    def named(self, args: Sequence[Any], kwargs: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The arguments by the names that the function has for them, with its defaults."""
        ...

    def shown(self, args: Sequence[Any], kwargs: Mapping[str, Any], /) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments for a message, without those that are secrets by their names."""
        ...


class UnknownArguments:
    """The arguments of a function that is not known here: its parameters are not known either."""

    def __init__(self, conversion: Conversion | None = None) -> None:
        self.conversion = conversion

    def check(self, _args: Sequence[Any], _kwargs: Mapping[str, Any]) -> None:
        """Nothing is known that could be wrong."""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments unchanged."""
        return args, kwargs

    def named(self, _args: Sequence[Any], _kwargs: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Nothing: even of what is given by name it is not known whether the function has such a parameter."""
        return {}

    def shown(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments without those that are given by names of secrets."""
        return args, _without_secrets(kwargs)


def _without_secrets(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: REDACTED if SECRETS.hides(name) else value for name, value in kwargs.items()}


def annotations_of(function: Callable[..., Any], local: Mapping[str, Any]) -> Annotations:
    """The annotations of a function, whose own variables are `local` if it is defined within another function.

    The function that will be called counts, not the one that a decorator wraps: the wrapped one may get other
    arguments. Raises InvalidOption if the function cannot be a handler.
    """
    if not callable(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidOption("function", function, "a function or a coroutine function")
    if _needs_its_object(function):
        told = "a function, or a method with its object; a worker has no object for self: make it a @staticmethod"
        raise InvalidOption("function", function, told)
    try:
        return Annotations(function, local)
    except ValueError as error:
        raise InvalidOption("function", function, f"a function whose arguments are known; {error}") from None


def _needs_its_object(function: Callable[..., Any]) -> bool:
    """Whether a function is a method as its class has it, whose first argument is an object of the class."""
    if not inspect.isfunction(function):
        return False
    owner = function.__qualname__.rpartition(".")[0]
    is_in_class = owner != "" and not owner.endswith("<locals>")
    return is_in_class and next(iter(inspect.signature(function).parameters), "") == "self"


class ArgumentCheck:
    """Checks the arguments of one function. For positional arguments alone this costs a single comparison."""

    def __init__(self, name: str, signature: inspect.Signature, resources: HandlerResources | None) -> None:
        """`signature` is that of what callers pass."""
        self._name = name
        self._signature = signature
        self._resources = resources
        self.conversion: Conversion | None = None
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
        if self._resources is not None and (refusal := self._resources.refusal(kwargs)):
            raise refusal
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            allowed = f"{error}; it takes {self._signature}"
            raise InvalidArguments(f"arguments of {self._name}", self.shown(args, kwargs), allowed) from None
        return bound.args, bound.kwargs

    def shown(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments for a message, without those that are secrets by their names."""
        names = [*self.names[: len(args)], *("" for _ in args[len(self.names) :])]
        positional = [REDACTED if SECRETS.hides(name) else value for name, value in zip(names, args, strict=True)]
        return positional, _without_secrets(kwargs)

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        return list(self._signature.parameters)

    def named(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments by the names of their parameters, with the defaults of those that are not given."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments
