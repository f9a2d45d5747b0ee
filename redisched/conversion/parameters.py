"""What a handler's signature says about its arguments and its result."""

import builtins
import collections.abc as abstract
import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import (
    Annotated,
    Any,
    Generic,
    NamedTuple,
    Self,
    TypeVar,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

T = TypeVar("T")
_AWAITABLES = (abstract.Awaitable, abstract.Coroutine)
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class NotAType(Exception):
    """Raised for an annotation that is no type, such as a remark that is written as a text."""

    def __init__(self, annotation: object, error: Exception) -> None:
        super().__init__(f"a type, or no annotation; {type(error).__name__}: {error}")
        self.annotation = annotation


class Annotations:
    """The annotations of one function, each read by itself: a name that only type checkers know spoils no other."""

    def __init__(self, function: Callable[..., Any], local: Mapping[str, Any]) -> None:
        """`local` are the variables of the function in which the handler is defined, if it is defined in one. Raises
        ValueError if the parameters of the function are not known.
        """
        self._local = dict(local)
        self._globals = _globals_of(function)
        self.signature = signature_of(function)

    def of_another(self, function: Callable[..., Any]) -> "Annotations":
        """The annotations of a function that this one uses. Raises ValueError as above."""
        return Annotations(function, self._local)

    def leave_out(self, parameters: Collection[str]) -> None:
        """Take some parameters for not there."""
        self.signature = without(self.signature, parameters)

    def of(self, annotation: Any) -> Any:
        """An annotation with its names looked up. Raises NameError if there is no such name, as yet or at all, and
        NotAType.
        """
        if annotation is inspect.Parameter.empty:
            return Any
        return _looked_up(annotation, self._globals, self._local)

    def metadata_of(self, annotation: Any) -> tuple[Any, ...]:
        """What an annotation says besides the type, by `Annotated`. A name that is not defined is an Undefined. Raises
        NotAType.
        """
        if isinstance(annotation, str):
            annotation = _looked_up(annotation, self._globals, _Names(self._globals, self._local), include_extras=True)
        while hasattr(annotation, "__value__") and hasattr(annotation, "__type_params__"):
            annotation = annotation.__value__  # the `type` statement of Python 3.12
        return tuple(annotation.__metadata__) if get_origin(annotation) is Annotated else ()

    def of_each(self) -> inspect.Signature:
        """The signature in which `**fields: Unpack[Fields]` stands as a parameter for each field of a TypedDict."""
        parameters: list[inspect.Parameter] = []
        for one in self.signature.parameters.values():
            fields = self._fields_in(one) if one.kind is one.VAR_KEYWORD else None
            if fields is not None:
                parameters += [inspect.Parameter(name, one.KEYWORD_ONLY, annotation=kind) for name, kind in fields]
            parameters.append(one if fields is None else one.replace(annotation=one.empty))
        return self.signature.replace(parameters=sorted(parameters, key=lambda one: one.kind))

    def _fields_in(self, parameter: inspect.Parameter) -> list[tuple[str, Any]] | None:
        try:
            annotation = self.of(parameter.annotation)
            if get_origin(annotation) is Unpack and is_typeddict(get_args(annotation)[0]):
                hints = get_type_hints(get_args(annotation)[0])
                return [(name, kind) for name, kind in hints.items() if name not in self.signature.parameters]
        except (NameError, NotAType):
            pass  # Said, or left open, where each annotation is looked at.
        return None

    def of_result(self) -> Any:
        """The annotation of the result; of what is awaited, if the function returns an awaitable."""
        annotation = self.of(self.signature.return_annotation)
        if get_origin(annotation) in _AWAITABLES:
            return (get_args(annotation) or (Any,))[-1]
        return annotation


class Undefined:
    """Stands for a name in an annotation that is not defined, such as of a type that only type checkers import."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, name: str) -> Self:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_args: object, **_kwargs: object) -> Self:
        return self

    def __getitem__(self, _key: object) -> Self:
        return self

    def __or__(self, _other: object) -> Self:
        return self

    __ror__ = __or__


class _Names(dict[str, Any]):
    """The names that an annotation may use; what is not defined is an Undefined."""

    def __init__(self, known: Mapping[str, Any], local: Mapping[str, Any]) -> None:
        super().__init__(local)
        self._known = known

    def __missing__(self, name: str) -> Any:
        return self._known[name] if name in self._known else getattr(builtins, name, Undefined(name))


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


def without(signature: inspect.Signature, names: Collection[str]) -> inspect.Signature:
    """A signature without some of its parameters."""
    return signature.replace(parameters=[one for one in signature.parameters.values() if one.name not in names])


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """What a function takes, and not what another takes that it wraps: a decorator may give that one other arguments.
    Raises ValueError if it is not known.
    """
    try:
        return inspect.signature(function, follow_wrapped=False)
    except ValueError:
        # Such as of what `functools.lru_cache` makes, which hands on what it gets.
        return inspect.signature(function)


def _looked_up(
    annotation: Any, known: dict[str, Any], local: Mapping[str, Any], *, include_extras: bool = False
) -> Any:
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(holder, known, local, include_extras=include_extras)["it"]
    except NameError:
        raise
    except Exception as error:  # An annotation is an expression, which can raise anything.
        raise NotAType(annotation, error) from error


def _globals_of(function: Any) -> dict[str, Any]:
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function, stop=lambda one: hasattr(one, "__globals__"))
    if not hasattr(function, "__globals__"):
        # An object that is called like a function.
        function = getattr(type(function).__call__, "__func__", type(function).__call__)
    found: dict[str, Any] = getattr(function, "__globals__", {})
    return found
