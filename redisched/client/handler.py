"""Handlers: functions that can be called here, or enqueued as tasks that workers run."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack, overload

from redisched.client.arguments import ArgumentCheck
from redisched.client.reference import TaskRef
from redisched.client.request import ResolvedOptions, TaskRequest, resolve_options
from redisched.client.sender import Sender
from redisched.client.unique import check_template
from redisched.config import Settings
from redisched.options import NO_OPTIONS, TaskOptionFields, check_options
from redisched.registry import HandlerEntry

P = ParamSpec("P")
R = TypeVar("R")


class Handlers(Protocol):
    """The application as its handlers see it."""

    @property
    def settings(self) -> Settings: ...
    def handler(self, name: str) -> "Handler[Any, Any]": ...
    def ref(self, task_id: str, queue: str | None = None) -> TaskRef[Any]: ...
    def enqueue_many(self, requests: Iterable[TaskRequest]) -> list[TaskRef[Any]]: ...
    def enqueue_many_async(self, requests: Iterable[TaskRequest]) -> Awaitable[list[TaskRef[Any]]]: ...


class Producer(Generic[P, R]):
    """Enqueues tasks of one handler, with options that were checked before."""

    def __init__(
        self, application: Handlers, sender: Sender, arguments: ArgumentCheck, resolved: ResolvedOptions
    ) -> None:
        self._application = application
        self._sender = sender
        self._arguments = arguments
        self._options = resolved

    @property
    def application(self) -> Handlers:
        """The Scheduler with which its handler is registered."""
        return self._application

    def __reduce__(self) -> tuple[Any, ...]:
        """Unpickling gives a producer of the handler with the same name in the other process."""
        return _producer, (self._application, self._options)

    def request(self, /, *args: P.args, **kwargs: P.kwargs) -> TaskRequest:
        """A task for `enqueue_many`. Raises InvalidArguments, NotEncodable and PayloadTooLarge."""
        self._arguments.check(args, kwargs)
        return self._options.request(args, kwargs, self._arguments)

    def enqueue(self, /, *args: P.args, **kwargs: P.kwargs) -> TaskRef[R]:
        """Enqueue a task; on return Redis has it.

        Raises what `request` raises, with nothing written, and Conflict, QueueFull or BrokerUnavailable.
        """
        return self._sender.send(self.request(*args, **kwargs), self._options.freshness)

    async def enqueue_async(self, /, *args: P.args, **kwargs: P.kwargs) -> TaskRef[R]:
        """As `enqueue`; concurrent calls on one event loop share script calls."""
        return await self._sender.send_async(self.request(*args, **kwargs), self._options.freshness)


class Handler(Producer[P, R], ABC):
    """A registered function: what it takes, P, and what its tasks result in, R."""

    def __init__(self, application: Handlers, sender: Sender, entry: HandlerEntry, arguments: ArgumentCheck) -> None:
        # This comes first because it copies the attributes of the function: a function that wraps another handler has
        # the attributes of that handler, and they must not overwrite those that are set below.
        update_wrapper(self, entry.function)
        for name in vars(self).keys() & _OWN:
            # Attributes that decorators gave the function must not hide what the handler can do.
            del vars(self)[name]
        resolved = resolve_options(entry.name, entry.options, NO_OPTIONS, application.settings.payload_limit)
        super().__init__(application, sender, arguments, resolved)
        self.entry = entry

    def __reduce__(self) -> tuple[Any, ...]:
        """Unpickling gives the handler with the same name in the other process."""
        return _handler, (self._application, self.entry.name)

    @abstractmethod
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the function itself."""

    @property
    def name(self) -> str:
        """The name by which workers know it."""
        return self.entry.name

    def options(self, **fields: Unpack[TaskOptionFields]) -> Producer[P, R]:
        """The same handler with other options. Raises InvalidOption."""
        options = check_options(dict(fields))
        if options.unique:
            check_template(options.unique, self._arguments.names)
        resolved = resolve_options(
            self.entry.name, self.entry.options, options, self._application.settings.payload_limit
        )
        return self.with_resolved_options(resolved)

    def with_resolved_options(self, resolved: ResolvedOptions) -> Producer[P, R]:
        """The same handler with options that were checked before."""
        return Producer(self._application, self._sender, self._arguments, resolved)

    def __repr__(self) -> str:
        return f"<handler {self.name} of queue {self.entry.options.queue}>"


_OWN = {name for name in dir(Handler) if not name.startswith("__")}


class SyncHandler(Handler[P, R]):
    """A handler that is a plain function."""

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function here and now."""
        result: R = self.entry.call_by_hand(args, kwargs)
        return result


class AsyncHandler(Handler[P, R]):
    """A handler that is a coroutine function."""

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Run the function here, once awaited."""
        coroutine: Coroutine[Any, Any, R] = self.entry.call_by_hand(args, kwargs)
        return coroutine


class Decorator(Protocol):
    """Turns a function into a handler."""

    # A coroutine function is a function too: the first overload that fits is the one that holds.
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> AsyncHandler[P, R]: ...

    @overload
    def __call__(self, function: Callable[P, R], /) -> SyncHandler[P, R]: ...


def _handler(application: Handlers, name: str) -> Handler[Any, Any]:
    return application.handler(name)


def _producer(application: Handlers, resolved: ResolvedOptions) -> Producer[Any, Any]:
    return application.handler(resolved.name).with_resolved_options(resolved)
