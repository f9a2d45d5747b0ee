"""The middleware of an application: functions that are called around its handlers, and around its enqueues.

Only their registration is here. Workers compose them in `redisched.engine.around`, producers in
`redisched.client.around_enqueue`.
"""

from collections.abc import Callable
from typing import Any, Protocol

from redisched.callables import check_hook, is_coroutine_function, label_of
from redisched.errors import InvalidOption


class Wrapper(Protocol):
    """Makes of a function another one of the same kind."""

    def __call__(self, function: Callable[..., Any], /, *, is_async: bool) -> Callable[..., Any]: ...


class Middleware:
    """What was registered, in order: the first is the outermost.

    `on_loop` and `in_thread` run around handlers, on the worker's event loop and in the thread of a sync handler;
    `around_enqueue` runs around enqueues. `wrappers` are innermost: each makes of a handler's function another one that
    is called in its place, where it would be called.
    """

    def __init__(self) -> None:
        self.on_loop: list[Callable[..., Any]] = []
        self.in_thread: list[Callable[..., Any]] = []
        self.around_enqueue: list[Callable[..., Any]] = []
        self.wrappers: list[Wrapper] = []

    @property
    def is_around_handlers(self) -> bool:
        """Whether there is any around handlers."""
        return bool(self.on_loop or self.in_thread or self.wrappers)

    def add(self, function: Callable[..., Any], async_handler: str | None) -> None:
        """Add one around handlers; `async_handler` is the name of an async handler that is registered already.

        Raises InvalidOption.
        """
        check_hook("middleware", function, "ctx", "call_next")
        if is_coroutine_function(function):
            if self.in_thread:
                allowed = (
                    f"an async function is registered before sync ones such as {label_of(self.in_thread[0])}: it runs "
                    "on the event loop, around the threads in which these run"
                )
                raise InvalidOption("middleware", function, allowed)
            self.on_loop.append(function)
        else:
            if async_handler is not None:
                raise _would_block(function, async_handler)
            self.in_thread.append(function)

    def add_around_enqueue(self, function: Callable[..., Any]) -> None:
        """Add one around enqueues. Raises InvalidOption."""
        check_hook("enqueue_middleware", function, "ctx", "call_next")
        self.around_enqueue.append(function)

    def check_handler(self, name: str, *, is_async: bool) -> None:
        """Raises InvalidOption if a handler that is to be registered is async, and one of these is not."""
        if is_async and self.in_thread:
            raise _would_block(self.in_thread[0], name)


def _would_block(function: Callable[..., Any], handler: str) -> InvalidOption:
    allowed = (
        f"an async function, as handler {handler} is async and a sync one would block the event loop that runs it; "
        "an async one fits every handler"
    )
    return InvalidOption("middleware", function, allowed)
