"""Calls the middleware of an application around its handlers.

Each handler is replaced by a function that calls the middleware and, innermost, the handler. So it does not matter in
which kind of slot a handler runs, and an application without middleware pays nothing.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from functools import partial, wraps
from inspect import isawaitable
from typing import Any, TypeAlias

from redisched.context import TaskContext, current_task
from redisched.middleware import Middleware
from redisched.registry import HandlerEntry, Registry

CallInThread: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
call_in_thread: ContextVar[CallInThread] = ContextVar("redisched_call_in_thread")
"""Runs a sync handler around which async middleware is awaited. Set by whoever runs handlers."""


def with_middleware(registry: Registry) -> Registry:
    """The handlers with the middleware around them; the same registry if there is no middleware."""
    return _HandlersInMiddleware(registry) if registry.middleware.is_around_handlers else registry


class _HandlersInMiddleware(Registry):
    """Makes each function at its first use. A handler that is defined again gets a new one."""

    def __init__(self, plain: Registry) -> None:
        self._plain = plain
        self._composed: dict[str, tuple[HandlerEntry, HandlerEntry]] = {}
        self.middleware = plain.middleware
        self.events = plain.events

    def get(self, name: str) -> HandlerEntry | None:
        """The handler with this name, None if there is none."""
        entry = self._plain.get(name)
        if entry is None:
            return None
        plain, composed = self._composed.get(name, (None, entry))
        if plain is not entry:
            composed = _composed(entry, self.middleware)
            self._composed[name] = entry, composed
        return composed

    def __iter__(self) -> Iterator[HandlerEntry]:
        return iter(self._plain)

    def queues(self) -> tuple[str, ...]:
        """Every queue the handlers use by default, in order of registration."""
        return self._plain.queues()


def _composed(entry: HandlerEntry, middleware: Middleware) -> HandlerEntry:
    function = entry.function
    for wrapper in middleware.wrappers:
        function = wrapper(function, is_async=entry.is_async)
    if middleware.in_thread:
        function = _around_sync(function, middleware.in_thread)
    if middleware.on_loop:
        function = _around_async(function, middleware.on_loop, is_async=entry.is_async)
    return replace(entry, function=function, is_async=entry.is_async or bool(middleware.on_loop))


def _around_sync(function: Callable[..., Any], around: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _chain(around, current_task(), lambda: function(*args, **kwargs))()

    return call


def _around_async(
    function: Callable[..., Any], around: Sequence[Callable[..., Any]], *, is_async: bool
) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        async def call_handler() -> Any:
            if is_async:
                return await function(*args, **kwargs)
            result = await call_in_thread.get()(partial(function, *args, **kwargs))
            return await result if isawaitable(result) else result

        return await _chain(around, current_task(), call_handler)()

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
