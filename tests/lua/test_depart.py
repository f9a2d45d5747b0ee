"""depart: a worker that has stopped is not present any more."""

import pytest

from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import digest_of
from tests.lua.roster import OLD, Workers
from tests.server_time import ServerTime

pytestmark = pytest.mark.differs_by_server


@pytest.fixture
def workers(broker: Broker, clock: ServerTime) -> Workers:
    return Workers(broker, clock)


def test_a_worker_departs_and_the_last_one_leaves_nothing_behind(workers: Workers) -> None:
    workers.introduce("a")
    workers.introduce("b")

    workers.depart("a")
    assert workers.names() == ["b"]
    assert run(workers.fleet.deployments([digest_of(OLD)]), workers.broker.client())
    for _ in range(2):
        workers.depart("b")

    assert workers.names() == []
    assert workers.keys() == 0
