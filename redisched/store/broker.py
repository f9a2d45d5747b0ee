"""The connections to one Redis: made in one place, with timeouts, and repeated by nobody but redisched."""

import asyncio
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from redisched.store import clients
from redisched.store.address import Address, Topology, parse_address
from redisched.store.clients import Connections, SyncClient
from redisched.store.cluster import ClusterRoute
from redisched.store.operation import AsyncClient, Client, Command, Dialect
from redisched.store.route import Route
from redisched.store.routed import AsyncRoutedClient, RoutedClient
from redisched.store.sentinel import SentinelRoute


class BrokerClient(Client, Protocol):
    """A blocking client with connections of its own."""

    def perform_all(self, commands: Iterable[Command]) -> list[Any]: ...

    def primaries(self) -> Mapping[str, "BrokerClient"]:
        """A client of each server that takes writes, by its address; the only one has none."""

    def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""


class AsyncBrokerClient(AsyncClient, Protocol):
    """A client of one event loop with connections of its own."""

    async def perform(self, command: Command) -> Any: ...

    async def perform_last(self, *commands: Command) -> Any:
        """Send commands for one place at once, and answer with the reply to the last. An error of any is raised."""

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]: ...

    async def primaries(self) -> Mapping[str, "AsyncBrokerClient"]:
        """A client of each server that takes writes, by its address; the only one has none."""

    async def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""


Open = Callable[[float], BrokerClient]
OpenAsync = Callable[[float], AsyncBrokerClient]
"""Opens a client whose connections give up after so many seconds."""


class Broker:
    """Makes and keeps the clients of one Redis: one for threads, one for each event loop.

    `timeout_s` bounds a single try of a command, connecting included.
    """

    def __init__(self, open_client: Open, open_async_client: OpenAsync, timeout_s: float, url: str = "") -> None:
        """`url` is where it is, for whoever has to find it again; it may hold a password."""
        self.url = url
        self._open_client = open_client
        self._open_async_client = open_async_client
        self.timeout_s = timeout_s
        self.dialect = Dialect()
        # A signal handler may enqueue while the thread that it interrupts does.
        self._lock = threading.RLock()
        self._sync: BrokerClient | None = None
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncBrokerClient] = WeakKeyDictionary()

    def client(self) -> BrokerClient:
        """The shared blocking client."""
        with self._lock:
            if self._sync is None:
                self._sync = self.open_client()
            return self._sync

    def async_client(self) -> AsyncBrokerClient:
        """The client of the running event loop."""
        loop = asyncio.get_running_loop()
        client = self._async.get(loop)
        if client is None:
            client = self._async[loop] = self.open_async_client(self.timeout_s)
        return client

    def open_client(self) -> BrokerClient:
        """A blocking client of one's own, with its own connections; close it after use."""
        return self._open_client(self.timeout_s)

    def open_async_client(self, timeout_s: float) -> AsyncBrokerClient:
        """An asyncio client of one's own, such as for blocking commands; close it after use."""
        return self._open_async_client(timeout_s)

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
    """The broker of a URL such as redis://host:6379/0, rediss://..., unix:///path, or one of several servers.

    Connects on first use. Raises ValueError for a URL that is none.
    """
    address = parse_address(url)
    if address is None:
        make_connections(url, timeout_s)
        return Broker(partial(open_client, url), partial(open_async_client, url), timeout_s, url)
    make_connections(address.url_of(address.nodes[0]), timeout_s)
    route = _route(address)
    return Broker(
        lambda try_s: RoutedClient(address, route, open_client, try_s),
        lambda try_s: AsyncRoutedClient(address, route, open_async_client, try_s),
        timeout_s,
        url,
    )


def _route(address: Address) -> Route:
    if address.topology is Topology.SENTINEL:
        return SentinelRoute(address, time.monotonic, random.random)
    return ClusterRoute(address, time.monotonic, random.random)


def open_client(url: str, timeout_s: float) -> SyncClient:
    """A blocking client of one server."""
    return SyncClient(make_connections(url, timeout_s))


def open_async_client(url: str, timeout_s: float) -> clients.AsyncClient:
    """A client of one server for one event loop."""
    connections = redis.asyncio.ConnectionPool.from_url(
        url, protocol=2, socket_timeout=None, socket_connect_timeout=timeout_s, retry=AsyncRetry(NoBackoff(), 0)
    )
    return clients.AsyncClient(connections, timeout_s)


def make_connections(url: str, timeout_s: float) -> Connections:
    """What makes blocking connections to one server. Raises ValueError for a URL that is none."""
    pool = redis.ConnectionPool.from_url(
        url, protocol=2, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
    )
    # It counts every connection it ever made, and would refuse the 101st though all others are closed.
    pool.max_connections = sys.maxsize
    return pool
