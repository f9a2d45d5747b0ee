"""A real server, for hostile data."""

from collections.abc import Iterator

import pytest

from redisched import Scheduler
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def kind(request: pytest.FixtureRequest) -> BrokerKind:
    kind: BrokerKind = request.param
    return kind


@pytest.fixture
def real_broker(servers: Servers, kind: BrokerKind) -> Iterator[Broker]:
    """An empty broker of a real server."""
    broker = servers.broker(kind)
    yield broker
    broker.close()


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)
