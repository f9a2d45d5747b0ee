"""A proxy in front of a server, and a bare connection through it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos.history.recorder import Recorder
from redisched.chaos.history.reply_observer import ReplyObserver
from redisched.chaos.proxy import Proxy
from redisched.store.broker import Broker, connect
from tests.brokers import TIMEOUT_S, BrokerKind, Servers
from tests.chaos_kit.bare_connection import BareConnection
from tests.chaos_kit.observed_queue import ObservedQueue


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


@pytest.fixture
def queue(servers: Servers, direct: Broker, tmp_path: Path) -> Iterator[ObservedQueue]:
    """A queue that is called through a proxy whose observer records a history."""
    observer = ReplyObserver(Recorder(tmp_path))
    with Proxy(servers.url(BrokerKind.VALKEY), observe=observer.observe) as proxy:
        broker = connect(proxy.url, TIMEOUT_S)
        yield ObservedQueue(broker, proxy, tmp_path)
        broker.close()
