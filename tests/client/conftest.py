"""Applications for the tests, on every kind of broker, called blocking and under asyncio."""

import pytest

from redisched.client.scheduler import Scheduler
from redisched.store.broker import Broker
from tests.brokers import fake_broker
from tests.client.callers import Caller, Manner


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    """An application without handlers, on an empty broker of each kind."""
    return Scheduler(broker=broker)


@pytest.fixture
def fake_app() -> Scheduler:
    """An application on a fake broker alone, for what does not depend on the server."""
    return Scheduler(broker=fake_broker())


@pytest.fixture(params=list(Manner))
def call(request: pytest.FixtureRequest, app: Scheduler) -> Caller:
    """Calls methods of `app`'s in each manner in turn."""
    return Caller(app, request.param)
