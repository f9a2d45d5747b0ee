"""The brokers that the store is tested on: a fake one, the embedded Valkey, and the Redis of Debian.

A real server is started once per test process, when the first test asks for it, and ends with it.
"""

import os
import shutil
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import fakeredis
import pytest

from redisched.embedded import Persistence, PrivateServer, find_binary
from redisched.store.broker import Broker, connect

TIMEOUT_S = 5.0


class BrokerKind(StrEnum):
    """What stands in for Redis."""

    FAKE = "fake"
    """fakeredis: in this process, knows no script flags."""
    VALKEY = "valkey"
    """The Valkey that redisched brings along."""
    REDIS = "redis"
    """The redis-server on PATH, Redis 7.0 on Debian 12."""


def fake_broker() -> Broker:
    """A broker of its own, empty."""
    server = fakeredis.FakeServer()
    return Broker(
        lambda timeout_s: fakeredis.FakeRedis(server=server, protocol=2).connection_pool,
        lambda timeout_s: fakeredis.FakeAsyncRedis(server=server, protocol=2).connection_pool,
        TIMEOUT_S,
    )


class Servers:
    """The real servers of this test process, each started on first use."""

    def __init__(self) -> None:
        self._started: dict[BrokerKind, PrivateServer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in self._started.values():
            server.close()

    def url(self, kind: BrokerKind) -> str:
        """Where the server of this kind listens. Skips the test when its binary is missing; in CI that fails."""
        if kind not in self._started:
            server = PrivateServer(binary=binary_of(kind), persistence=Persistence.NONE)
            server.start()
            self._started[kind] = server
        return self._started[kind].url

    def broker(self, kind: BrokerKind) -> Broker:
        """A broker without a single key; close it after use."""
        if kind is BrokerKind.FAKE:
            return fake_broker()
        broker = connect(self.url(kind), TIMEOUT_S)
        broker.client().perform(("FLUSHALL",))
        return broker


def binary_of(kind: BrokerKind) -> Path:
    """The binary of a real server. Skips the test when it is missing; in CI that fails."""
    if kind is BrokerKind.VALKEY:
        return find_binary()
    found = shutil.which("redis-server")
    if found is None:
        do_without("redis-server is not on PATH: apt-get install redis-server")
    return Path(found)


def do_without(complaint: str) -> NoReturn:
    """Skip the test for want of something; in CI that fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(complaint)
    pytest.skip(complaint)
