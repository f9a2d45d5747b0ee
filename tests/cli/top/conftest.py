"""A shop on an empty server, for the view to look at."""

from collections.abc import Iterator

import pytest

from redisched.client.scheduler import Scheduler
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.web.page.shop import fill


@pytest.fixture
def real_broker(servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.fixture
def tasks(real_broker: Broker) -> Scheduler:
    """An application without handlers, on an empty server."""
    return Scheduler(broker=real_broker)


@pytest.fixture
def shop(tasks: Scheduler) -> Scheduler:
    """The same, with tasks in every state, and three workers."""
    fill(tasks)
    return tasks
