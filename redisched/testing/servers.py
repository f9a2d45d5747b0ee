"""The server of the tests of one process, on which only they work: an embedded one, or fakeredis within the process."""

import atexit
import os
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from redisched.embedded import Persistence, PrivateServer
from redisched.errors import InvalidOption
from redisched.store.broker import AsyncBrokerClient, Broker, BrokerClient, connect
from redisched.store.clients import ServerClient
from redisched.store.operation import Command
from redisched.store.subscription import AsyncSubscription
from redisched.testing.failures import FakeRedisMissing
from redisched.testing.virtual_time import KEY, VirtualTimeScripts

if TYPE_CHECKING:
    import fakeredis
else:
    from redisched.lazy import LazyModule

    fakeredis = LazyModule("fakeredis")

TIMEOUT_S = 5.0


class Backend(StrEnum):
    """Where the tasks of a test are kept."""

    EMBEDDED = "embedded"
    """A Valkey that is started with the first test of a process and ends with the process."""
    FAKEREDIS = "fakeredis"
    """fakeredis, in the process itself; it is several times as slow."""


def check_backend(value: object) -> Backend:
    """Raises InvalidOption."""
    try:
        return Backend(str(value))
    except ValueError:
        raise InvalidOption("backend", value, " or ".join(repr(backend.value) for backend in Backend)) from None


class VirtualBroker(Broker):
    """A broker whose scripts run in virtual time, and whose asyncio clients block: nothing else runs meanwhile."""

    def __init__(self, client: BrokerClient) -> None:
        super().__init__(lambda _s, _part: client, lambda _s, _part: BlockingAsyncClient(client), TIMEOUT_S)
        self.script_runner = VirtualTimeScripts()

    def show_time(self, now_us: int) -> None:
        """Let the scripts read this time."""
        self.client().perform(("SET", KEY, now_us))

    def clear(self) -> None:
        """Delete everything. The scripts stay loaded."""
        self.client().perform(("FLUSHALL",))


class BlockingAsyncClient:
    """An asyncio client that performs each command at once, on a blocking connection."""

    def __init__(self, client: BrokerClient) -> None:
        self._client = client

    async def perform(self, command: Command) -> Any:
        return self._client.perform(command)

    async def perform_last(self, *commands: Command) -> Any:
        return [self._client.perform(command) for command in commands][-1]

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return self._client.perform_all(commands)

    async def primaries(self) -> Mapping[str, AsyncBrokerClient]:
        """The one server, under no name."""
        return {"": self}

    async def subscribe(self, channel: str) -> AsyncSubscription:
        """Never called: ends are told by the worker itself."""
        raise NotImplementedError(channel)

    async def close(self) -> None:
        """The connections are shared, and stay open."""


def empty_broker(backend: Backend) -> VirtualBroker:
    """The broker of this process for its tests, with nothing in it."""
    broker = _fake_broker() if backend is Backend.FAKEREDIS else _embedded_broker()
    broker.clear()
    return broker


def _embedded_broker() -> VirtualBroker:
    server, broker = _embedded(os.getpid())
    if server.pid is None:
        # It ends with the thread in which it was started, which may have been one of several that run tests.
        server.start()
        broker.client().close()
    return broker


@cache
def _embedded(process: int) -> tuple[PrivateServer, VirtualBroker]:
    """A process that was forked has a server of its own."""
    server = PrivateServer(persistence=Persistence.NONE)
    server.start()
    atexit.register(_close, server, process)
    return server, VirtualBroker(connect(server.url, TIMEOUT_S).client())


def _close(server: PrivateServer, process: int) -> None:
    if os.getpid() == process:
        server.close()


@cache
def _fake_broker() -> VirtualBroker:
    try:
        pool = fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2, max_connections=sys.maxsize)
    except ImportError:
        raise FakeRedisMissing from None
    return VirtualBroker(ServerClient(pool.connection_pool, TIMEOUT_S))
