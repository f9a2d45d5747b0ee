"""Fixtures for tests under chaos."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.chaos.rig import Rig


@pytest.fixture
def valkey(servers: Servers) -> Iterator[Broker]:
    """Valkey with nothing in it."""
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.fixture
def rig(tmp_path: Path, servers: Servers) -> Iterator[Rig]:
    """An empty queue on Valkey, and its history from now on."""
    servers.broker(BrokerKind.VALKEY).close()
    with Rig(tmp_path, servers.url(BrokerKind.VALKEY)) as rig:
        yield rig
