"""Calls the middleware of an application around its handlers, and opens their resources.

Each handler is replaced by a function that calls the middleware and, innermost, the handler. So it does not matter in
which kind of slot a handler runs, and an application without middleware and resources pays nothing.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from functools import partial, wraps
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import Any, TypeAlias

from redisched.callables import is_awaitable, label_of
from redisched.context import TaskContext, current_task
from redisched.engine.resources.filling import filled_in_thread, filled_on_loop
from redisched.engine.resources.process_resources import ProcessResources
from redisched.errors import NotAwaited
from redisched.middleware import Middleware
from redisched.registry import HandlerEntry, Registry

CallInThread: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
call_in_thread: ContextVar[CallInThread] = ContextVar("redisched_call_in_thread")
"""Runs a sync handler around which async middleware is awaited. Set by whoever runs handlers."""


def handlers_to_call(registry: Registry, resources: ProcessResources) -> Registry:
    """The handlers with the middleware and their resources around them; the same registry if there are none of both."""
    if registry.middleware.is_around_handlers or any(entry.resources is not None for entry in registry):
        return _HandlersToCall(registry, resources)
    return registry


class _HandlersToCall(Registry):
    """Makes each function at its first use. A handler that is defined again gets a new one."""

    def __init__(self, plain: Registry, resources: ProcessResources) -> None:
        self._plain = plain
        self._resources = resources
        self._composed: dict[str, tuple[HandlerEntry, HandlerEntry]] = {}
        self.middleware = plain.middleware
        self.events = plain.events
        self.lifespans = plain.lifespans
        self.schedules = plain.schedules

    def get(self, name: str) -> HandlerEntry | None:
        """The handler with this name, None if there is none."""
        entry = self._plain.get(name)
        if entry is None:
            return None
        plain, composed = self._composed.get(name, (None, entry))
        if plain is not entry:
            composed = _composed(entry, self.middleware, self._resources)
            self._composed[name] = entry, composed
        return composed

    def __iter__(self) -> Iterator[HandlerEntry]:
        return iter(self._plain)

    def queues(self) -> tuple[str, ...]:
        """Every queue the handlers use by default and every queue of a schedule, in order of registration."""
        return self._plain.queues()


def _composed(entry: HandlerEntry, middleware: Middleware, process: ProcessResources) -> HandlerEntry:
    function, is_async, resources = entry.function, entry.is_async, entry.resources
    is_opened_on_loop = resources is not None and (is_async or resources.on_loop)
    if resources is not None and not is_opened_on_loop:
        function = filled_in_thread(function, resources, process)
    for wrapper in middleware.wrappers:
        function = wrapper(function, is_async=is_async)
    if middleware.in_thread:
        function = _around_sync(function, middleware.in_thread)
    if resources is not None and is_opened_on_loop:
        function = filled_on_loop(function if is_async else _awaited_in_thread(function), resources, process)
        is_async = True
    if middleware.on_loop:
        function = _around_async(function if is_async else _awaited_in_thread(function), middleware.on_loop)
        is_async = True
    return replace(entry, function=function, is_async=is_async)


def _around_sync(function: Callable[..., Any], around: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _chain(around, current_task(), lambda: function(*args, **kwargs))()

    return call


def _around_async(
    function: Callable[..., Awaitable[Any]], around: Sequence[Callable[..., Any]]
) -> Callable[..., Awaitable[Any]]:
    awaiting = [_awaiting(middleware) for middleware in around]

    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await _chain(awaiting, current_task(), lambda: function(*args, **kwargs))()

    return call


def _awaiting(middleware: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same middleware, which must have what `call_next` answers awaited: it awaits it, or returns it."""

    async def call(context: TaskContext, call_next: Callable[[], Any]) -> Any:
        begun: list[Any] = []

        def next_called() -> Any:
            begun.append(call_next())
            return begun[-1]

        result = await middleware(context, next_called)
        if is_awaitable(result):
            result = await result
        for one in begun:
            if iscoroutine(one) and getcoroutinestate(one) == CORO_CREATED:
                one.close()
                raise NotAwaited(label_of(middleware))
        return result

    return call


def _awaited_in_thread(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """A sync handler as one that is awaited on the event loop."""

    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        result = await call_in_thread.get()(partial(function, *args, **kwargs))
        return await result if is_awaitable(result) else result

    return call


def _chain(
    around: Sequence[Callable[..., Any]], context: TaskContext, innermost: Callable[[], Any]
) -> Callable[[], Any]:
    call_next = innermost
    for middleware in reversed(around):
        call_next = _link(middleware, context, call_next)
    return call_next


def _link(middleware: Callable[..., Any], context: TaskContext, call_next: Callable[[], Any]) -> Callable[[], Any]:
    # Not a partial, which would hand on whatever call_next is called with.
    return lambda: middleware(context, call_next)
