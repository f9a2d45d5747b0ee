"""Treats a task as Django treats a request: what it used of the databases is closed when it ends."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections, reset_queries


def close_old_connections() -> None:
    """Close connections that are broken or older than CONN_MAX_AGE, as Django does after a request.

    One in a transaction is left to whoever began it: Django takes it for broken, and in a test it is that of TestCase.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def closing_connections(function: Callable[..., Any], *, is_async: bool) -> Callable[..., Any]:
    """The same function, which before and after a call closes connections that are broken or older than CONN_MAX_AGE.

    An async function has the databases in a thread of its own, as an async request has; its connections are closed.
    """
    return _around_async(function) if is_async else _around_sync(function)


def _around_sync(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        reset_queries()
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return call


def _around_async(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        async with ThreadSensitiveContext():
            try:
                return await function(*args, **kwargs)
            finally:
                # Its thread ends with it, so nobody else could use them.
                await sync_to_async(connections.close_all)()

    return call
