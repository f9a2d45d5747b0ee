"""Connections to Redis: one place that makes clients, with timeouts and no hidden retries.

The client library would by itself send a command again after a timeout; redisched repeats calls itself, and only
those that are safe to repeat, so that is switched off.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable, QueueFull
from redisched.store.operation import Command, Dialect, ScriptMissing, ScriptRejected

SyncFactory = Callable[[float], "redis.Redis"]
AsyncFactory = Callable[[float], "redis.asyncio.Redis"]

_TRANSIENT = ("BUSY", "LOADING", "MASTERDOWN", "READONLY", "NOREPLICAS", "MISCONF", "CLUSTERDOWN", "UNKILLABLE")


class SyncClient:
    """Performs commands on a pool of blocking connections; safe to share between threads."""

    def __init__(self, client: "redis.Redis") -> None:
        self._execute = client.execute_command
        self.close: Callable[[], None] = client.close

    def perform(self, command: Command) -> Any:
        try:
            return self._execute(*command)
        except (exceptions.RedisError, OSError) as error:
            raise translate(error, command) from error


class AsyncClient:
    """Performs commands on a pool of asyncio connections of one event loop."""

    def __init__(self, client: "redis.asyncio.Redis") -> None:
        self._execute = client.execute_command
        self.close: Callable[[], Awaitable[None]] = client.aclose

    async def perform(self, command: Command) -> Any:
        try:
            return await self._execute(*command)
        except (exceptions.RedisError, OSError) as error:
            raise translate(error, command) from error


class Broker:
    """Makes and keeps the clients of one Redis: one for threads, one for each event loop.

    `timeout_s` bounds a single try of a command, connecting included.
    """

    def __init__(self, make_sync: SyncFactory, make_async: AsyncFactory, timeout_s: float) -> None:
        self._make_sync = make_sync
        self._make_async = make_async
        self.timeout_s = timeout_s
        self.dialect = Dialect()
        self._lock = threading.Lock()
        self._sync: SyncClient | None = None
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncClient] = WeakKeyDictionary()

    def client(self) -> SyncClient:
        """The shared blocking client."""
        with self._lock:
            if self._sync is None:
                self._sync = self.open_client()
            return self._sync

    def async_client(self) -> AsyncClient:
        """The client of the running event loop."""
        loop = asyncio.get_running_loop()
        client = self._async.get(loop)
        if client is None:
            client = self._async[loop] = self.open_async_client(self.timeout_s)
        return client

    def open_client(self) -> SyncClient:
        """A blocking client of one's own, with its own connections; close it after use."""
        return SyncClient(self._make_sync(self.timeout_s))

    def open_async_client(self, timeout_s: float) -> AsyncClient:
        """An asyncio client of one's own, such as for blocking commands; close it after use."""
        return AsyncClient(self._make_async(timeout_s))

    def close(self) -> None:
        """Close the blocking connections; the next use opens new ones."""
        with self._lock:
            client, self._sync = self._sync, None
        if client is not None:
            client.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop; the next use opens new ones."""
        client = self._async.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()


def connect(url: str, timeout_s: float) -> Broker:
    """The broker of a URL such as redis://host:6379/0, rediss://... or unix:///path. Connects on first use."""

    def make_sync(try_s: float) -> "redis.Redis":
        return redis.Redis.from_url(
            url, protocol=2, socket_timeout=try_s, socket_connect_timeout=try_s, retry=Retry(NoBackoff(), 0)
        )

    def make_async(try_s: float) -> "redis.asyncio.Redis":
        return redis.asyncio.Redis.from_url(
            url, protocol=2, socket_timeout=try_s, socket_connect_timeout=try_s, retry=AsyncRetry(NoBackoff(), 0)
        )

    return Broker(make_sync, make_async, timeout_s)


def translate(error: Exception, command: Command) -> BrokerError:
    """An error of the client library as one of ours."""
    text = str(error)
    if isinstance(error, exceptions.NoScriptError):
        return ScriptMissing(text)
    if isinstance(error, exceptions.OutOfMemoryError) or "OOM " in text:
        return QueueFull(text)
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return BrokerRefused(str(command[0]), text)
    if isinstance(error, exceptions.ConnectionError | exceptions.TimeoutError | exceptions.ReadOnlyError | OSError):
        return BrokerUnavailable(text, 0.0)
    if text.startswith(_TRANSIENT) or isinstance(error, exceptions.TryAgainError | exceptions.ClusterDownError):
        return BrokerUnavailable(text, 0.0)
    if "near '#'" in text:
        return ScriptRejected(text)
    return BrokerRefused(str(command[0]), text)
