"""The Scheduler, the object that an application makes: handlers are registered with it, and tasks are enqueued with
it.
"""

import weakref
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack, overload

from redisched.client.arguments import ArgumentCheck, UnknownArguments
from redisched.client.connection import Connection
from redisched.client.handler import (
    AsyncHandler,
    Decorator,
    Handler,
    P,
    R,
    SyncHandler,
)
from redisched.client.hooks import HookRegistration
from redisched.client.looking_up import TaskLookUp
from redisched.client.naming import name_of
from redisched.client.observing import Observation
from redisched.client.origin import find, module_of_caller, name_in, settings_to_send
from redisched.client.pulling import Pulling
from redisched.client.reference import TaskRef
from redisched.client.registration import examined, handler_options
from redisched.client.request import TaskRequest, freshness_of, resolve_options
from redisched.client.schedule_registration import ScheduleRegistration
from redisched.client.sender import Sender
from redisched.client.unique import check_template
from redisched.config import Settings, check_modules
from redisched.conversion.codec import Codec, check_codec
from redisched.conversion.conversion import Encoded, encode_arguments
from redisched.conversion.handler import conversion_of_unknown
from redisched.errors import InvalidOption
from redisched.handler_options import HandlerOptions
from redisched.lazy import LazyModule
from redisched.option_checks import check_name, check_queue
from redisched.options import HandlerOptionFields, TaskOptionFields, check_options
from redisched.registry import Registry
from redisched.url import UrlLike, text_of_url

if TYPE_CHECKING:
    from redisched.client import queue as queues
    from redisched.client import queue_verbs, spreading
    from redisched.client.queue import Queue
    from redisched.store import broker as brokers
else:
    queues = LazyModule("redisched.client.queue")
    queue_verbs = LazyModule("redisched.client.queue_verbs")
    spreading = LazyModule("redisched.client.spreading")
    brokers = LazyModule("redisched.store.broker")


class Scheduler(HookRegistration, ScheduleRegistration, TaskLookUp, Observation, Pulling):
    """Enqueues tasks, and holds the handlers that workers run.

    `url` is redis://host:6379/0, rediss://... or unix:///path, redis+sentinel://host:26379,host/primary/0 or
    redis+cluster://host:6379,host, as a text or as an object that turns into one by `str()`, such as pydantic's; None
    means REDISCHED_URL from the environment, else the embedded server. `imports` are modules with more handlers, which
    workers import. `codec` takes the place of how arguments and results travel by their annotations. Nothing is opened
    before the first call that needs Redis, but a URL that is none is refused at once. Safe to share between threads and
    event loops.
    """

    def __init__(
        self,
        url: UrlLike | None = None,
        *,
        settings: Settings | None = None,
        imports: Sequence[str] = (),
        codec: Codec | None = None,
        broker: "brokers.Broker | None" = None,
    ) -> None:
        self._module = module_of_caller()
        self.settings = settings or Settings()
        if url is not None:
            self.settings = replace(self.settings, url=text_of_url(url))
        self.codec = None if codec is None else check_codec(codec)
        self.registry = Registry()
        self.imports = check_modules("imports", imports)
        self._connection = Connection(self.settings, broker, weakref.ref(self))
        self._sender = Sender(self._connection, self.registry.middleware.around_enqueue)
        self._handlers: dict[str, Handler[Any, Any]] = {}
        self._argument_checks: dict[str, ArgumentCheck] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Unpickling gives the Scheduler that the same module has in the other process, or else a new one with the same
        settings.
        """
        name = name_in(self._module, self)
        if name:
            return find, (self._module, name)
        return partial(Scheduler, settings=settings_to_send(self.settings, "a Scheduler"), codec=self.codec), ()

    def handler(self, name: str) -> Handler[Any, Any]:
        """The handler that is registered with this name. Raises InvalidOption if there is none."""
        try:
            return self._handlers[name]
        except (KeyError, TypeError):
            raise InvalidOption(
                "name", name, "a handler that is registered; import the module that defines it"
            ) from None

    @property
    def broker(self) -> "brokers.Broker":
        """The connections to Redis, opened at first use."""
        return self._connection.broker

    @property
    def connection(self) -> Connection:
        """The connection that all handlers and references of this application share."""
        return self._connection

    # A coroutine function is a function too: the first overload that fits is the one that holds.
    @overload
    def task(  # type: ignore[overload-overlap]
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> AsyncHandler[P, R]: ...

    @overload
    def task(self, function: Callable[P, R], /) -> SyncHandler[P, R]: ...

    @overload
    def task(
        self, function: None = None, /, *, name: str | None = None, **fields: Unpack[HandlerOptionFields]
    ) -> Decorator: ...

    def task(self, function: Callable[..., Any] | None = None, /, *, name: str | None = None, **fields: Any) -> Any:
        """Register a function as a handler; what it returns is the result of its tasks.

        `name` None means its module and qualified name. The options hold for its tasks unless a call says otherwise.
        Raises InvalidOption and DuplicateHandler.
        """
        if name is not None:
            name = check_name("name", name)
        options = handler_options(fields, self.settings)

        def register(function: Callable[..., Any]) -> Handler[Any, Any]:
            if isinstance(function, Handler):
                function = function.entry.function
            elif isinstance(function, staticmethod):
                function = function.__func__
            known_as = name or check_name("name", name_of(function))
            entry, arguments = examined(known_as, function, options, self.codec)
            self.registry.add(entry)
            self._argument_checks[known_as] = arguments
            make = AsyncHandler if entry.is_async else SyncHandler
            handler: Handler[Any, Any] = make(self, self._sender, entry, arguments)
            self._handlers[known_as] = handler
            return handler

        return register if function is None else register(function)

    def request(
        self, name: str, /, *args: Any, kwargs: Mapping[str, Any] | None = None, **fields: Unpack[TaskOptionFields]
    ) -> TaskRequest:
        """A task for `enqueue_many`, by the name of its handler, which need not be registered here."""
        options = check_options(dict(fields))
        name = check_name("name", name)
        entry = self.registry.get(name)
        kwargs = {} if kwargs is None else kwargs
        values: Sequence[Any] = args
        if not isinstance(kwargs, Mapping) or not all(isinstance(key, str) for key in kwargs):
            raise InvalidOption("kwargs", kwargs, "a mapping with texts as keys, or None")
        arguments = self.signature_of(name)
        arguments.check(args, kwargs)
        if arguments.conversion is not None:
            # What comes from a command line, such as a text for a path, is read as annotated.
            values, kwargs = arguments.conversion.read_arguments(args, kwargs)
        defaults = HandlerOptions(durable=self.settings.durable) if entry is None else entry.options
        if options.unique and isinstance(arguments, ArgumentCheck):
            check_template(options.unique, arguments.names)
        return resolve_options(name, defaults, options, self.settings.payload_limit).request(
            values, dict(kwargs), arguments
        )

    def encode_arguments(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Encoded:
        """The arguments of a task as they travel. Raises InvalidArguments if the handler of this name is registered
        here and does not take them.
        """
        arguments = self.signature_of(name)
        arguments.check(args, kwargs)
        return encode_arguments(arguments.conversion, args, kwargs)

    def read_result(self, name: str, result: Any) -> Any:
        """A result, as it travelled, as what the handler of this name returned. Raises Undecodable."""
        conversion = self.signature_of(name).conversion
        return result if conversion is None else conversion.decode_result(result)

    def signature_of(self, name: str) -> ArgumentCheck | UnknownArguments:
        """What is known of the arguments of the handler of this name."""
        return self._argument_checks.get(name) or UnknownArguments(conversion_of_unknown(name, self.codec))

    def enqueue(
        self, name: str, /, *args: Any, kwargs: Mapping[str, Any] | None = None, **fields: Unpack[TaskOptionFields]
    ) -> TaskRef[Any]:
        """Enqueue a task by the name of its handler; on return Redis has it.

        Raises InvalidInput of some kind with nothing written, and Conflict, QueueFull or BrokerUnavailable.
        """
        request = self.request(name, *args, kwargs=kwargs, **fields)
        return self._sender.send(request, freshness_of(fields.get("id"), is_unique=request.task.is_unique))

    async def enqueue_async(
        self, name: str, /, *args: Any, kwargs: Mapping[str, Any] | None = None, **fields: Unpack[TaskOptionFields]
    ) -> TaskRef[Any]:
        """As `enqueue`; concurrent calls on one event loop share script calls."""
        request = self.request(name, *args, kwargs=kwargs, **fields)
        return await self._sender.send_async(request, freshness_of(fields.get("id"), is_unique=request.task.is_unique))

    def enqueue_many(
        self, requests: Iterable[TaskRequest], *, spread: float | timedelta | str | None = None
    ) -> list[TaskRef[Any]]:
        """Enqueue many tasks in few round trips; answers their references in the same order. `spread`, in seconds or
        such as "10m", puts off the time of each by an equal share of it more than that of the one before.

        Everything is sent before Conflict is raised for a task among them. After BrokerUnavailable the same requests
        can be sent again: those that arrived are not added twice. The timeout holds for each round trip.
        """
        return self._sender.send_many(requests if spread is None else spreading.spread_out(requests, spread))

    async def enqueue_many_async(
        self, requests: Iterable[TaskRequest], *, spread: float | timedelta | str | None = None
    ) -> list[TaskRef[Any]]:
        """As `enqueue_many`."""
        spread_out = requests if spread is None else spreading.spread_out(requests, spread)
        return await self._sender.send_many_async(spread_out)

    def grow(self, queue: str, shards: int) -> None:
        """Spread a queue over so many shards, while it is in use; again with the same number changes nothing.

        Waiting tasks stay where they are, and workers notice within seconds. There is no way back: raises CannotShrink.
        """
        self._connection.run(queue_verbs.grow(self._connection, queue, shards), "grow")

    async def grow_async(self, queue: str, shards: int) -> None:
        """As `grow`."""
        await self._connection.run_async(queue_verbs.grow(self._connection, queue, shards))

    def queue(self, name: str) -> "Queue":
        """A queue as a whole: to pause and resume it, for example. Raises InvalidOption for a name that is none."""
        return queues.Queue(check_queue("name", name), self._connection)

    def close(self) -> None:
        """Close the blocking connections; the next use opens new ones."""
        self._connection.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop; the next use opens new ones."""
        await self._sender.drain()
        await self._connection.close_async()
