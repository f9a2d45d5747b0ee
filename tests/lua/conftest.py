"""The queues on which the tests call the scripts."""

import pytest

from redisched.store.broker import Broker
from tests.lua.queue import NEIGHBOURS, QueueUnderTest
from tests.server_time import ServerTime


@pytest.fixture
def queue(broker: Broker, clock: ServerTime) -> QueueUnderTest:
    """A queue in which other tasks stand in every state."""
    return QueueUnderTest(broker, NEIGHBOURS)


@pytest.fixture
def empty_queue(broker: Broker, clock: ServerTime) -> QueueUnderTest:
    """A queue that nobody has used yet."""
    return QueueUnderTest(broker, {})
