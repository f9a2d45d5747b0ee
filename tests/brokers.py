"""The brokers that the store is tested on: a fake one, the embedded Valkey, the Redis of Debian, and several servers.

A real server is started once per test process, when the first test asks for it, and ends with it.

A test that is written for several kinds of brokers runs on the embedded Valkey with every commit. On the other kinds it
runs with every commit only if it says why they may differ, by a marker on the test or its module:

    differs_by_server   the server itself decides: script flags, types of replies, texts of errors, persistence
    differs_by_routing  finding the server of a key: Sentinels, redirections, slots

On all other kinds it runs with `pytest -m nightly`.
"""

import os
import shutil
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

import fakeredis
import pytest

from redisched.chaos.cluster import ClusterServers
from redisched.chaos.watched import WatchedServers
from redisched.embedded import Persistence, PrivateServer, find_binary
from redisched.store.broker import Broker, connect
from redisched.store.clients import AsyncServerClient, ServerClient
from redisched.store.operation import Argument

TIMEOUT_S = 5.0


class BrokerKind(StrEnum):
    """The kinds of servers that tests use as Redis."""

    FAKE = "fake"
    """fakeredis: in this process, knows no script flags."""
    VALKEY = "valkey"
    """The Valkey that redisched brings along."""
    REDIS = "redis"
    """The redis-server on PATH, Redis 7.0 on Debian 12."""
    SENTINEL = "sentinel"
    """A Valkey and its replica, watched by Sentinels."""
    CLUSTER = "cluster"
    """Three Valkeys that share the slots."""


SINGLE = (BrokerKind.VALKEY, BrokerKind.REDIS)
"""One real server."""
SEVERAL = (
    pytest.param(BrokerKind.SENTINEL, marks=pytest.mark.fault),
    pytest.param(BrokerKind.CLUSTER, marks=pytest.mark.fault),
)
"""The kinds with several servers: they run with the catalogue of faults, as they take seconds to start and to end."""
REAL = (*SINGLE, *SEVERAL)
EVERY = (BrokerKind.FAKE, *REAL)

_REASONS = {
    BrokerKind.FAKE: "differs_by_server",
    BrokerKind.REDIS: "differs_by_server",
    BrokerKind.SENTINEL: "differs_by_routing",
    BrokerKind.CLUSTER: "differs_by_routing",
}
"""The marker that a test needs to run with every commit on this kind of broker."""


def is_left_to_the_night(test: pytest.Item) -> bool:
    """Whether a test uses a kind of broker on which it runs only at night."""
    callspec = getattr(test, "callspec", None)
    kinds = [value for value in callspec.params.values() if isinstance(value, BrokerKind)] if callspec else []
    return any(kind in _REASONS and test.get_closest_marker(_REASONS[kind]) is None for kind in kinds)


def fake_broker() -> Broker:
    """An empty fake broker, shared with no other."""
    server = fakeredis.FakeServer()
    unbounded: dict[str, Any] = {"server": server, "protocol": 2, "max_connections": sys.maxsize}
    return Broker(
        lambda timeout_s, part: ServerClient(fakeredis.FakeRedis(**unbounded).connection_pool, timeout_s),
        lambda timeout_s, part: AsyncServerClient(fakeredis.FakeAsyncRedis(**unbounded).connection_pool, timeout_s),
        TIMEOUT_S,
    )


class _Servers(Protocol):
    """One server or several, behind one URL."""

    @property
    def url(self) -> str: ...
    def start(self) -> None: ...
    def close(self) -> None: ...


class Servers:
    """The real servers of this test process, each started on first use."""

    def __init__(self) -> None:
        self._started: dict[BrokerKind, _Servers] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in self._started.values():
            server.close()

    def url(self, kind: BrokerKind) -> str:
        """The URL of the server of this kind. Skips the test when its binary is missing; in CI that fails."""
        if kind not in self._started:
            server = _MAKE[kind]()
            server.start()
            self._started[kind] = server
        return self._started[kind].url

    def broker(self, kind: BrokerKind) -> Broker:
        """A broker without a single key; close it after use."""
        if kind is BrokerKind.FAKE:
            return fake_broker()
        broker = connect(self.url(kind), TIMEOUT_S)
        on_each_primary(broker, "FLUSHALL")
        return broker


def on_each_primary(broker: Broker, *command: Argument) -> list[Any]:
    """Perform a command without a key on every server that takes writes."""
    return [primary.perform(command) for primary in broker.client().primaries().values()]


def keys_like(broker: Broker, pattern: str) -> list[bytes]:
    """The keys of all servers that match a pattern."""
    return [key for found in on_each_primary(broker, "KEYS", pattern) for key in found]


def binary_of(kind: BrokerKind) -> Path:
    """The binary of a real server. Skips the test when it is missing; in CI that fails."""
    if kind is BrokerKind.VALKEY:
        return find_binary()
    found = shutil.which("redis-server")
    if found is None:
        do_without("redis-server is not on PATH: apt-get install redis-server")
    return Path(found)


def _make_single(kind: BrokerKind) -> _Servers:
    return PrivateServer(binary=binary_of(kind), persistence=Persistence.NONE)


_MAKE: dict[BrokerKind, Callable[[], _Servers]] = {
    BrokerKind.VALKEY: partial(_make_single, BrokerKind.VALKEY),
    BrokerKind.REDIS: partial(_make_single, BrokerKind.REDIS),
    BrokerKind.SENTINEL: WatchedServers,
    BrokerKind.CLUSTER: ClusterServers,
}


def do_without(complaint: str) -> NoReturn:
    """Skip the test because a program is missing; in CI that fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(complaint)
    pytest.skip(complaint)
