"""Applications that pull, on every kind of broker."""

import pytest

from redisched import Scheduler
from redisched.store.broker import Broker
from tests.client.callers import Manner
from tests.pulling.blocks import Pull


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    """An application without handlers, on an empty broker of each kind."""
    return Scheduler(broker=broker)


@pytest.fixture(params=list(Manner))
def pull(request: pytest.FixtureRequest, app: Scheduler) -> Pull:
    """Pulls from queues of `app`, in each manner in turn."""
    return Pull(app, request.param)
