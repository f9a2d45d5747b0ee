"""What a handler's signature says about its arguments and its result."""

import collections.abc as abstract
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")
_AWAITABLES = (abstract.Awaitable, abstract.Coroutine)
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Annotations:
    """The annotations of one function, each read by itself: a name that only type checkers know spoils no other."""

    def __init__(self, function: Callable[..., Any], local: Mapping[str, Any]) -> None:
        """`local` are the variables of the function in which the handler is defined, if it is defined in one."""
        self._local = dict(local)
        self._globals = _globals_of(function)
        self.signature = inspect.signature(function, follow_wrapped=False)

    def of(self, annotation: Any) -> Any:
        """An annotation with its names looked up. Raises NameError if there is no such name, as yet or at all."""
        if annotation is inspect.Parameter.empty:
            return Any
        holder = SimpleNamespace(__annotations__={"it": annotation})
        return get_type_hints(holder, self._globals, self._local)["it"]

    def of_result(self) -> Any:
        """The annotation of the result; of what is awaited, if the function returns an awaitable."""
        annotation = self.of(self.signature.return_annotation)
        if get_origin(annotation) in _AWAITABLES:
            return (get_args(annotation) or (Any,))[-1]
        return annotation


class ByParameter(NamedTuple, Generic[T]):
    """Something for each parameter of a function."""

    by_position: Sequence[tuple[str, T]]
    rest: tuple[str, T]
    by_name: Mapping[str, T]
    others: T

    def each(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Iterator[tuple[str, T, Any]], Iterator[tuple[str, T, Any]]]:
        """Each positional argument, then each other one, with its name and what is known for its parameter."""
        places = [*self.by_position[: len(args)], *(self.rest for _ in args[len(self.by_position) :])]
        positional = ((name, known, value) for (name, known), value in zip(places, args, strict=True))
        named = ((name, self.by_name.get(name, self.others), value) for name, value in kwargs.items())
        return positional, named


def by_parameter(
    signature: inspect.Signature, known_of: Callable[[inspect.Parameter], T], default: T
) -> ByParameter[T]:
    """What `known_of` answers for each parameter of a function, and `default` for those that it does not have."""
    by_position: list[tuple[str, T]] = []
    by_name: dict[str, T] = {}
    rest, others = ("args", default), default
    for parameter in signature.parameters.values():
        known = known_of(parameter)
        if parameter.kind in _BY_POSITION:
            by_position.append((parameter.name, known))
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = (parameter.name, known)
        elif parameter.kind is parameter.VAR_KEYWORD:
            others = known
        elif parameter.kind is not parameter.POSITIONAL_ONLY:
            by_name[parameter.name] = known
    return ByParameter(by_position, rest, by_name, others)


def _globals_of(function: Any) -> dict[str, Any]:
    while isinstance(function, functools.partial):
        function = function.func
    if not hasattr(function, "__globals__"):
        # An object that is called like a function.
        function = getattr(type(function).__call__, "__func__", type(function).__call__)
    found: dict[str, Any] = getattr(function, "__globals__", {})
    return found
