"""The servers that a whole worker is tried on."""

from collections.abc import Iterator

import pytest

from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def real_broker(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Broker]:
    """An empty broker of a real server; a fake one goes on with what a closed connection had sent."""
    broker = servers.broker(request.param)
    yield broker
    broker.close()
