"""The handlers of an application by name. A worker runs code for a task only if its name is registered here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redisched.conversion.conversion import Conversion, refuse_other_codec
from redisched.errors import DuplicateHandler
from redisched.events import EventFunctions
from redisched.handler_options import HandlerOptions
from redisched.middleware import Middleware
from redisched.model import Delivery, Isolation, Retention, TaskBody, retention_of
from redisched.resources import HandlerResources, Opening
from redisched.schedules.declaration import Declarations


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerEntry:
    """A registered handler. `is_async` tells that calling it gives a coroutine, `on_loop` that the worker's own event
    loop awaits it, `is_isolated` that it runs in a process of its own, and `starts_once` that it may start only once.
    """

    name: str
    function: Callable[..., Any]
    is_async: bool
    options: HandlerOptions
    conversion: Conversion | None = None
    """How its arguments and results travel; None if they travel as they are."""
    resources: HandlerResources | None = None
    """What a worker fills in when it calls the function; None if nothing."""
    codec: str | None = field(init=False)
    """The name of the application's codec that decodes its arguments, if it has one."""
    on_loop: bool = field(init=False)
    is_isolated: bool = field(init=False)
    starts_once: bool = field(init=False)
    retention: Retention = field(init=False)
    """What is kept of a task, and for how long, if the call did not say it."""

    def __post_init__(self) -> None:
        # Computed once, because every task needs it.
        is_isolated = self.options.isolation is Isolation.PROCESS
        object.__setattr__(self, "is_isolated", is_isolated)
        object.__setattr__(self, "codec", None if self.conversion is None else self.conversion.codec)
        object.__setattr__(self, "starts_once", self.options.delivery is Delivery.AT_MOST_ONCE)
        options = self.options
        retention = retention_of(options.retention_ms, options.keep, is_own=options.retention_is_own)
        object.__setattr__(self, "retention", retention)
        object.__setattr__(self, "on_loop", self.is_async and not is_isolated)

    def understands(self, body: TaskBody) -> bool:
        """Whether it can decode the arguments of a task that has its name."""
        return body.codec is None or body.codec == self.codec

    def arguments_of(self, body: TaskBody) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The arguments with which to call the function for a task. Raises WrongArguments."""
        if self.conversion is not None:
            return self.conversion.decode_arguments(body.args, body.kwargs, body.codec)
        if body.codec is not None:
            refuse_other_codec(self.name, body.codec, None)
        return body.args, body.kwargs

    def call_by_hand(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the function here and now. Raises InvalidArguments if a resource is not given."""
        if self.resources is not None:
            args, kwargs = self.resources.filled_by_hand(args, kwargs)
        return self.function(*args, **kwargs)


class Registry:
    """The handlers of one application, what is called around and after them, what is opened for them, and the schedules
    of its code.
    """

    def __init__(self) -> None:
        self.lifespans: list[Opening] = []
        self.middleware = Middleware()
        self.events = EventFunctions()
        self.schedules = Declarations()
        self.more_queues: list[str] = []
        """Queues that a worker serves besides those of the handlers."""
        self._entries: dict[str, HandlerEntry] = {}

    def add(self, entry: HandlerEntry) -> None:
        """Register a handler. If the same function is defined again, such as by running a notebook's cell or loading a
        module again, the new one replaces the old one.

        Raises DuplicateHandler if another function has the name.
        """
        known = self._entries.get(entry.name)
        if known is not None and known.function is not entry.function:
            if not _is_defined_again(known, entry):
                raise DuplicateHandler(entry.name)
            self.schedules.forget(entry.name)
        self.middleware.check_handler(entry.name, is_async=entry.is_async)
        self._entries[entry.name] = entry

    def get(self, name: str) -> HandlerEntry | None:
        """The handler with this name, None if there is none."""
        return self._entries.get(name)

    def understands(self, body: TaskBody) -> bool:
        """Whether a handler here has the name of a task and can decode its arguments."""
        entry = self._entries.get(body.name)
        return entry is not None and entry.understands(body)

    def __iter__(self) -> Iterator[HandlerEntry]:
        return iter(self._entries.values())

    def queues(self) -> tuple[str, ...]:
        """Every queue that handlers use by default, in order of registration, then those of schedules, and then
        `more_queues`.
        """
        of_handlers = (entry.options.queue for entry in self._entries.values())
        return tuple(dict.fromkeys([*of_handlers, *self.schedules.queues(), *self.more_queues]))


def _is_defined_again(known: HandlerEntry, entry: HandlerEntry) -> bool:
    """Whether two functions have the same module and the same qualified name. Functions within functions and lambdas
    are never the same, because their qualified names are not unique.
    """
    places = [
        (getattr(one.function, "__module__", None), getattr(one.function, "__qualname__", "<>"))
        for one in (known, entry)
    ]
    return places[0] == places[1] and "<" not in places[0][1]
