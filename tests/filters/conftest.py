"""Queues of a server, which filters are read on."""

from collections.abc import Iterator

import pytest

from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.filters.queues import Queues


@pytest.fixture
def private_broker(servers: Servers) -> Iterator[Broker]:
    """A server without a single key."""
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.fixture
def queues(private_broker: Broker) -> Queues:
    return Queues(private_broker)
