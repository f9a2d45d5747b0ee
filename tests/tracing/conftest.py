"""An application whose spans are collected."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

from redisched import Scheduler
from redisched.store.broker import Broker
from redisched.tracing import trace
from tests.brokers import BrokerKind, Servers
from tests.tracing.collected import Collected


@pytest.fixture
def collected() -> Collected:
    """The spans that have ended."""
    return Collected()


@pytest.fixture
def provider(collected: Collected) -> TracerProvider:
    """Makes the spans."""
    return collected.provider


@pytest.fixture
def app(broker: Broker, provider: TracerProvider) -> Scheduler:
    """A traced application without handlers."""
    app = Scheduler(broker=broker)
    trace(app, tracer_provider=provider)
    return app


@pytest.fixture
def broker(servers: Servers) -> Iterator[Broker]:
    """An empty broker; what is traced does not depend on its kind."""
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()
