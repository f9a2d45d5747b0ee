"""A function as a kind of task: called, it runs here; enqueued, it runs on a worker."""

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from functools import update_wrapper
from pathlib import Path
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack, overload

from redisched.client.arguments import ArgumentCheck
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest, Terms, agree
from redisched.client.sender import Sender
from redisched.options import NO_OPTIONS, TaskOptionFields, check_options
from redisched.registry import HandlerEntry

P = ParamSpec("P")
R = TypeVar("R")


class Producer(Generic[P, R]):
    """Makes tasks of one handler, under terms that were checked before."""

    def __init__(self, sender: Sender, arguments: ArgumentCheck, terms: Terms) -> None:
        self._sender = sender
        self._arguments = arguments
        self._terms = terms

    def request(self, *args: P.args, **kwargs: P.kwargs) -> TaskRequest:
        """A task for `enqueue_many`. Raises InvalidArguments, NotEncodable and PayloadTooLarge."""
        self._arguments.check(args, kwargs)
        return self._terms.request(args, kwargs)

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskRef[R]:
        """Enqueue a task; on return Redis has it.

        Raises what `request` raises, with nothing written, and Conflict, QueueFull or BrokerUnavailable.
        """
        return self._sender.send(self.request(*args, **kwargs), self._terms.sending)

    async def enqueue_async(self, *args: P.args, **kwargs: P.kwargs) -> TaskRef[R]:
        """As `enqueue`; concurrent calls on one event loop share script calls."""
        return await self._sender.send_async(self.request(*args, **kwargs), self._terms.sending)


class Handler(Producer[P, R], ABC):
    """A registered function: what it takes, P, and what its tasks result in, R."""

    def __init__(self, sender: Sender, entry: HandlerEntry, arguments: ArgumentCheck, payload_limit: int) -> None:
        super().__init__(sender, arguments, agree(entry.name, entry.options, NO_OPTIONS, payload_limit))
        self.entry = entry
        self._payload_limit = payload_limit
        update_wrapper(self, entry.function)

    @abstractmethod
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the function itself."""

    @property
    def name(self) -> str:
        """The name by which workers know it."""
        return self.entry.name

    def options(self, **fields: Unpack[TaskOptionFields]) -> Producer[P, R]:
        """The same handler under other options. Raises InvalidOption."""
        options = check_options(dict(fields))
        terms = agree(self.entry.name, self.entry.options, options, self._payload_limit)
        return Producer(self._sender, self._arguments, terms)

    def __repr__(self) -> str:
        return f"<handler {self.name} of queue {self.entry.options.queue}>"


class SyncHandler(Handler[P, R]):
    """A handler that is a plain function."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function here and now."""
        result: R = self.entry.function(*args, **kwargs)
        return result


class AsyncHandler(Handler[P, R]):
    """A handler that is a coroutine function."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Run the function here, once awaited."""
        coroutine: Coroutine[Any, Any, R] = self.entry.function(*args, **kwargs)
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


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine for certain, as it does for an object with an async `__call__`, too.

    What only turns out to be awaitable when it is called is awaited then.
    """
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - asked for its kind, not for its presence


def name_of(function: Callable[..., Any]) -> str:
    """The module's name and the function's.

    A script that is run is called `__main__` there; its handlers get the name under which a worker imports it.
    """
    module = getattr(function, "__module__", None) or "__main__"
    if module == "__main__":
        module = _name_of_main()
    return f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def _name_of_main() -> str:
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    return Path(file).stem if file else "__main__"
