"""The connections to one Redis: made in one place, with timeouts, and repeated by nobody but redisched."""

import asyncio
import sys
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from redisched.store.clients import AsyncClient, Connections, SyncClient
from redisched.store.operation import Dialect

Connect = Callable[[float], Connections]
"""Makes a pool whose connections give up after so many seconds."""


class Broker:
    """Makes and keeps the clients of one Redis: one for threads, one for each event loop.

    `timeout_s` bounds a single try of a command, connecting included.
    """

    def __init__(self, make_sync: Connect, make_async: Connect, timeout_s: float) -> None:
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
        return AsyncClient(self._make_async(timeout_s), timeout_s)

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

    def make_sync(try_s: float) -> Connections:
        pool = redis.ConnectionPool.from_url(
            url, protocol=2, socket_timeout=try_s, socket_connect_timeout=try_s, retry=Retry(NoBackoff(), 0)
        )
        # It counts every connection it ever made, and would refuse the 101st though all others are closed.
        pool.max_connections = sys.maxsize
        return pool

    def make_async(try_s: float) -> Connections:
        return redis.asyncio.ConnectionPool.from_url(
            url, protocol=2, socket_timeout=None, socket_connect_timeout=try_s, retry=AsyncRetry(NoBackoff(), 0)
        )

    return Broker(make_sync, make_async, timeout_s)
