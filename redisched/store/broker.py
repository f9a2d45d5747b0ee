"""The broker: it makes the clients of one Redis, with timeouts. Only redisched repeats commands, not the client
library.
"""

import asyncio
import codecs
import contextlib
import random
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from redisched.address import Address, ServerAddress, Topology
from redisched.keys import PREFIX
from redisched.store import clients
from redisched.store.clients import ServerClient
from redisched.store.cluster import ClusterRoute
from redisched.store.connections import AsyncConnectionFactory, SyncConnectionFactory
from redisched.store.encryption import check_encryption
from redisched.store.operation import AsyncClient, Client, Command, ScriptRunner
from redisched.store.pool import UNBOUNDED
from redisched.store.route import Route
from redisched.store.routed import AsyncRoutedClient, RoutedClient
from redisched.store.scripts import read_scripts
from redisched.store.sentinel import SentinelRoute
from redisched.store.slots import slot_of_key
from redisched.store.subscription import AsyncSubscription, Subscription
from redisched.url import parse_address


class BrokerClient(Client, Protocol):
    """A blocking client with connections of its own."""

    def perform_all(self, commands: Iterable[Command]) -> list[Any]: ...

    def primaries(self) -> Mapping[str, "BrokerClient"]:
        """A client for each server that takes writes, by its address. If there is only one server, its address is
        "".
        """

    def subscribe(self, channel: str) -> Subscription:
        """Subscribe to a channel, on a connection of its own; every message that is published there arrives."""

    def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""


class AsyncBrokerClient(AsyncClient, Protocol):
    """A client of one event loop with connections of its own."""

    async def perform(self, command: Command) -> Any: ...

    async def perform_last(self, *commands: Command) -> Any:
        """Send commands for one server together; answers the reply to the last. Raises the error of any of them."""

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]: ...

    async def primaries(self) -> Mapping[str, "AsyncBrokerClient"]:
        """A client for each server that takes writes, by its address. If there is only one server, its address is
        "".
        """

    async def subscribe(self, channel: str) -> AsyncSubscription:
        """Subscribe to a channel, on a connection of its own; every message that is published there arrives."""

    async def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""


Open = Callable[[float, str], BrokerClient]
OpenAsync = Callable[[float, str], AsyncBrokerClient]
"""Open a client, given the timeout of its connections in seconds and the part of the program that uses them."""
SHARED_PART = "shared"
"""The part of connections that any caller may use."""


class Broker:
    """Makes and keeps the clients of one Redis: one for threads, one for each event loop.

    `timeout_s` bounds a single try of a command, connecting included.
    """

    def __init__(
        self,
        open_client: Open,
        open_async_client: OpenAsync,
        timeout_s: float,
        address: Address | None = None,
        prefix: str = PREFIX,
    ) -> None:
        """`address` is where the Redis is; None if only this process can reach it."""
        _load_what_is_read_late()
        self.address = address
        self._open_client = open_client
        self._open_async_client = open_async_client
        self.timeout_s = timeout_s
        self.script_runner = ScriptRunner(prefix)
        # Reentrant, because a signal handler may enqueue while it interrupts a thread that holds the lock.
        self._lock = threading.RLock()
        self._sync: BrokerClient | None = None
        self._async: dict[asyncio.AbstractEventLoop, AsyncBrokerClient] = {}
        self._closers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = WeakKeyDictionary()

    def group_of(self, key: str) -> int:
        """The group of a key. Keys of one group may stand in one command."""
        is_cluster = self.address is not None and self.address.topology is Topology.CLUSTER
        return slot_of_key(key) if is_cluster else 0

    def client(self) -> BrokerClient:
        """The shared blocking client."""
        return self._sync or self._open_sync()

    def _open_sync(self) -> BrokerClient:
        with self._lock:
            if self._sync is None:
                self._sync = self.open_client(SHARED_PART)
            return self._sync

    def async_client(self) -> AsyncBrokerClient:
        """The client of the running event loop."""
        loop = asyncio.get_running_loop()
        client = self._async.get(loop)
        if client is None:
            # Clients of loops that were closed without ending their generators cannot be used any more.
            self._async = {other: opened for other, opened in self._async.items() if not other.is_closed()}
            client = self._async[loop] = self.open_async_client(self.timeout_s, SHARED_PART)
            self._closers[loop] = closer = self._close_with(loop)
            with contextlib.suppress(StopIteration):
                anext(closer).send(None)
        return client

    async def _close_with(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None, None]:
        """Close the connections of an event loop when it ends: an event loop that ends closes its asynchronous
        generators, of which this is one.
        """
        try:
            yield
        finally:
            self._closers.pop(loop, None)
            client = self._async.pop(loop, None)
            if client is not None:
                await client.close()

    def open_client(self, part: str) -> BrokerClient:
        """A blocking client for a part of the program, with connections of its own; close it after use."""
        return self._open_client(self.timeout_s, part)

    def open_async_client(self, timeout_s: float, part: str) -> AsyncBrokerClient:
        """An asyncio client for a part of the program, such as for blocking commands; close it after use."""
        return self._open_async_client(timeout_s, part)

    def close(self) -> None:
        """Close the blocking connections; the next use opens new ones."""
        with self._lock:
            client, self._sync = self._sync, None
        if client is not None:
            client.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop; the next use opens new ones."""
        closer = self._closers.get(asyncio.get_running_loop())
        if closer is not None:
            await closer.aclose()


def connect(url: str, timeout_s: float, prefix: str = PREFIX, max_connections: int = UNBOUNDED) -> Broker:
    """The broker of a URL such as redis://host:6379/0, rediss://..., unix:///path, or one of several servers.

    Every key begins with `prefix`. Shared clients have at most `max_connections` to each server. Connects on first
    use. Raises InvalidOption for a URL that is none, or names files that cannot be read.
    """
    return broker_at(parse_address(url), timeout_s, prefix, max_connections)


def broker_at(address: Address, timeout_s: float, prefix: str = PREFIX, max_connections: int = UNBOUNDED) -> Broker:
    """The broker at an address. Raises InvalidOption if it names files that cannot be read."""
    if address.encryption is not None:
        check_encryption(address.encryption)
    opening = partial(open_client, shared_most=max_connections)
    opening_async = partial(open_async_client, shared_most=max_connections)
    if address.topology is Topology.SINGLE:
        server = address.server(address.nodes[0] if address.nodes else None)
        return Broker(partial(opening, server), partial(opening_async, server), timeout_s, address, prefix)
    route = _route(address)
    return Broker(
        lambda try_s, part: RoutedClient(address, route, partial(opening, part=part), try_s),
        lambda try_s, part: AsyncRoutedClient(address, route, partial(opening_async, part=part), try_s),
        timeout_s,
        address,
        prefix,
    )


def _load_what_is_read_late() -> None:
    """Read now the files that later calls and connections need. In a process without a free descriptor reading would
    fail, and Python would remember that the codec for host names is missing until the process ends.
    """
    read_scripts()
    codecs.lookup("idna")


def _route(address: Address) -> Route:
    if address.topology is Topology.SENTINEL:
        return SentinelRoute(address, time.monotonic, random.random)
    return ClusterRoute(address, time.monotonic, random.random)


def open_client(
    server: ServerAddress, timeout_s: float, part: str = SHARED_PART, shared_most: int = UNBOUNDED
) -> ServerClient:
    """A blocking client of one server. `part` names the part of the program that uses it, which the operators of the
    server see. If any caller may use it, it has at most `shared_most` connections.
    """
    return ServerClient(SyncConnectionFactory(server, timeout_s, part), timeout_s, _most(part, shared_most))


def open_async_client(
    server: ServerAddress, timeout_s: float, part: str = SHARED_PART, shared_most: int = UNBOUNDED
) -> clients.AsyncServerClient:
    """A client of one server for one event loop, otherwise as `open_client`."""
    return clients.AsyncServerClient(
        AsyncConnectionFactory(server, timeout_s, part), timeout_s, _most(part, shared_most)
    )


def _most(part: str, shared_most: int) -> int:
    """How many connections a client may have. Those of a worker's services are not limited, because each needs its
    own.
    """
    return shared_most if part == SHARED_PART else UNBOUNDED
