"""Resources: what a worker fills in when it calls a handler, such as a database, and what it opens for its process.

Only their declaration is here. Workers open them in `redisched.engine.resources`.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from redisched.callables import innermost, is_coroutine_function, label_of
from redisched.conversion.parameters import Annotations, NotAType, Undefined, without
from redisched.errors import InvalidArguments, InvalidOption

Factory: TypeAlias = Callable[..., Any]
Per: TypeAlias = Literal["process", "task"]
_FILLED_KINDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Resource:
    """Has the worker fill in a parameter: `def charge(order: int, db: Annotated[Database, Resource(make_database)])`.

    `make` is a function without arguments, sync or async, that returns the value, or that yields it once and closes it
    after the yield. Its parameters may be resources themselves. It is called once in each process that needs the value,
    or with `per="task"` for each attempt. Raises InvalidOption.
    """

    make: Factory
    per: Per = field(default="process", kw_only=True)

    def __post_init__(self) -> None:
        if not callable(self.make) or isinstance(self.make, Resource):
            raise InvalidOption("Resource", self.make, "a function that returns or yields the value")
        if self.make.__hash__ is None:
            raise InvalidOption("Resource", self.make, "a function, or another object that can be the key of a dict")
        if self.per not in get_args(Per):
            raise InvalidOption("per", self.per, "'process' or 'task'")


class _Provided:
    def __repr__(self) -> str:
        return "redisched.PROVIDED"


PROVIDED: Any = _Provided()
"""The default of a parameter that a worker fills in, for type checkers that do not know this by themselves."""

given_by_hand: ContextVar[Mapping[Factory, Any]] = ContextVar("redisched_given_by_hand")
"""What a handler is given that is called by hand, in place of what these factories make."""
given_in_process: dict[Factory, Any] = {}
"""The same, in the whole process, for what `given_by_hand` does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a function opens something: `enter` makes a context manager, an async one if it `is_async`."""

    label: str
    enter: Callable[..., Any]
    is_async: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A parameter that is filled in, of a handler or of a factory. `needs` are those of its own factory."""

    parameter: str
    resource: Resource
    opening: Opening
    needs: tuple["Need", ...]
    on_loop: bool = field(init=False)
    """Whether an event loop is needed to open it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "on_loop", self.opening.is_async or any(need.on_loop for need in self.needs))

    def factories(self) -> Iterator[Factory]:
        """Its factory, and those of what this needs."""
        yield self.resource.make
        for need in self.needs:
            yield from need.factories()


class HandlerResources:
    """The parameters of one handler that are filled in. `signature` is that of what callers pass."""

    def __init__(self, handler: str, signature: inspect.Signature, needs: Sequence[Need]) -> None:
        self._handler = handler
        self.needs = tuple(needs)
        self.names = frozenset(need.parameter for need in needs)
        self.signature = without(signature, self.names)
        self.on_loop = any(need.on_loop for need in needs)
        self._places = [(place, name) for place, name in enumerate(signature.parameters) if name in self.names]

    def refusal(self, kwargs: Mapping[str, Any]) -> InvalidArguments | None:
        """The error for arguments among which there is a resource; None if there is none."""
        for name in self.names.intersection(kwargs):
            return InvalidArguments(f"{name} of {self._handler}", kwargs[name], "left out, as the worker fills it in")
        return None

    def filled(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], values: Mapping[str, Any]
    ) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments of a call, with the values of the resources at their places."""
        by_position, by_name = list(args), dict(kwargs)
        for place, name in self._places:
            if place <= len(by_position):
                by_position.insert(place, values[name])
            else:
                by_name[name] = values[name]
        return by_position, by_name

    def filled_by_hand(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments of a call that no worker makes. Raises InvalidArguments if a resource is not given."""
        given = {**given_in_process, **given_by_hand.get({})}
        values = {need.parameter: given[need.resource.make] for need in self.needs if need.resource.make in given}
        values |= {name: kwargs[name] for name in self.names.intersection(kwargs)}
        for need in self.needs:
            if need.parameter not in values:
                within = f"with testing.context(resources={{{need.opening.label}: ...}})"
                allowed = f"given by name, as no worker fills it in here; or call the handler within {within}"
                raise InvalidArguments(f"{need.parameter} of {self._handler}", None, allowed)
        return self.filled(args, {name: kwargs[name] for name in kwargs.keys() - self.names}, values)


def resources_of(handler: str, annotations: Annotations) -> HandlerResources | None:
    """What is filled in of a handler; None if nothing is. Raises InvalidOption."""
    needs = _needs_of(handler, annotations, ())
    return HandlerResources(handler, annotations.signature, needs) if needs else None


def lifespan_of(function: Factory) -> Opening:
    """How a lifespan is opened. Raises InvalidOption for a function that is none."""
    allowed = "a function without arguments that yields once, sync or async"
    if not callable(function) or not _yields(function):
        raise InvalidOption("lifespan", function, allowed)
    try:
        signature = inspect.signature(function)
    except ValueError as error:
        raise InvalidOption("lifespan", function, f"{allowed}; {error}") from None
    _check_takes_nothing("lifespan", function, signature, allowed)
    return _opening_of(function)


def _needs_of(owner: str, annotations: Annotations, within: tuple[Factory, ...]) -> list[Need]:
    needs = []
    for parameter in annotations.signature.parameters.values():
        place = f"annotation of {parameter.name} of {owner}"
        resource = _resource_in(place, parameter, annotations)
        if resource is not None:
            _check_parameter(place, parameter)
            needs.append(_need_of(place, parameter, resource, annotations, within))
        elif parameter.default is PROVIDED:
            raise InvalidOption(
                place, parameter.annotation, "Annotated[..., Resource(...)], as its default is PROVIDED"
            )
    return needs


def _resource_in(place: str, parameter: inspect.Parameter, annotations: Annotations) -> Resource | None:
    found = None
    try:
        metadata = annotations.metadata_of(parameter.annotation)
    except NotAType as error:
        raise InvalidOption(place, error.annotation, str(error)) from None
    for one in metadata:
        if one is Resource:
            raise InvalidOption(place, parameter.annotation, "Resource(...) with the function that makes the value")
        if isinstance(one, Undefined) and one.name == Resource.__name__:
            raise InvalidOption(place, parameter.annotation, "import Resource also where no type checker runs")
        if isinstance(one, Resource):
            if found is not None:
                raise InvalidOption(place, parameter.annotation, "one Resource, not several")
            found = one
    return found


def _check_parameter(place: str, parameter: inspect.Parameter) -> None:
    if parameter.kind not in _FILLED_KINDS:
        allowed = "a Resource for a parameter that can be given by name; this one is *args, **kwargs or before a /"
        raise InvalidOption(place, parameter.annotation, allowed)
    if parameter.default not in (parameter.empty, PROVIDED):
        allowed = "no default, as the worker always fills it in; PROVIDED is allowed, for type checkers"
        raise InvalidOption(f"default of {place.removeprefix('annotation of ')}", parameter.default, allowed)


def _need_of(
    place: str, parameter: inspect.Parameter, resource: Resource, annotations: Annotations, within: tuple[Factory, ...]
) -> Need:
    make = resource.make
    if isinstance(make, Undefined):
        raise InvalidOption(place, parameter.annotation, f"define or import {make.name} before the handler")
    if make in within:
        raise InvalidOption(place, parameter.annotation, f"another resource, as {label_of(make)} would need itself")
    allowed = "a function that can be called without arguments, but for resources"
    try:
        of_factory = annotations.of_another(make)
    except ValueError as error:
        raise InvalidOption(place, make, f"{allowed}, and whose parameters are known; {error}") from None
    needs = _needs_of(label_of(make), of_factory, (*within, make))
    _check_takes_nothing(place, make, without(of_factory.signature, {need.parameter for need in needs}), allowed)
    for need in needs:
        if resource.per == "process" and need.resource.per == "task":
            allowed = f"per='task', because it needs {need.opening.label}, which is opened for each task"
            raise InvalidOption(f"per of {label_of(make)}", resource.per, allowed)
    return Need(parameter=parameter.name, resource=resource, opening=_opening_of(make), needs=tuple(needs))


def _check_takes_nothing(option: str, function: Factory, signature: inspect.Signature, allowed: str) -> None:
    try:
        signature.bind()
    except TypeError:
        raise InvalidOption(option, function, f"{allowed}; this one takes {signature}") from None


def _yields(function: Factory) -> bool:
    """Whether a function is a generator function, or one that `contextlib` has decorated."""
    plain = inspect.unwrap(innermost(function))
    return inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain)


def _opening_of(make: Factory) -> Opening:
    plain, label = innermost(make), label_of(make)
    if _yields(make):
        is_async = inspect.isasyncgenfunction(inspect.unwrap(plain))
        if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
            enter: Callable[..., Any] = asynccontextmanager(make) if is_async else contextmanager(make)
        else:
            enter = make
        return Opening(label=label, enter=enter, is_async=is_async)

    @contextmanager
    def made(**needs: Any) -> Iterator[Any]:
        value = make(**needs)
        if inspect.iscoroutine(value):
            value.close()
            raise InvalidOption(
                "Resource", make, "an async function where it returns a coroutine, so that it is awaited"
            )
        yield value

    @asynccontextmanager
    async def made_async(**needs: Any) -> Any:
        yield await make(**needs)

    is_async = is_coroutine_function(make)
    return Opening(label=label, enter=made_async if is_async else made, is_async=is_async)
