"""The queues that observers read."""

import pytest

from redisched.store.broker import Broker
from tests.server_time import ServerTime
from tests.store.observed import Observed


@pytest.fixture
def queue(broker: Broker, clock: ServerTime) -> Observed:
    """A queue without tasks, at a time that stands still."""
    return Observed(broker)
