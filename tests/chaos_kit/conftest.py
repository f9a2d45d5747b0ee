"""A proxy in front of a server, and a bare connection through it."""

from collections.abc import Iterator

import pytest

from redisched.chaos.proxy import Proxy
from redisched.store.broker import Broker, connect
from tests.brokers import TIMEOUT_S, BrokerKind, Servers
from tests.chaos_kit.bare_connection import BareConnection


@pytest.fixture
def direct(servers: Servers) -> Iterator[Broker]:
    """An empty server, reached without the proxy."""
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.fixture
def proxy(servers: Servers, direct: Broker) -> Iterator[Proxy]:
    """A proxy in front of the empty server."""
    with Proxy(servers.url(BrokerKind.VALKEY)) as proxy:
        yield proxy


@pytest.fixture
def broker(proxy: Proxy) -> Iterator[Broker]:
    """The same server, reached through the proxy."""
    broker = connect(proxy.url, TIMEOUT_S)
    yield broker
    broker.close()


@pytest.fixture
def bare(proxy: Proxy) -> Iterator[BareConnection]:
    """A connection through the proxy of which a test sees every byte."""
    with BareConnection(proxy.url) as connection:
        yield connection
