"""A real server for each test, because the bench measures on one."""

from collections.abc import Iterator

import pytest

from redisched.bench.scale import Scale
from redisched.bench.workbench import Workbench
from redisched.embedded import Persistence, PrivateServer
from redisched.store.broker import Broker, connect

TINY = Scale(
    tasks=40,
    enqueued_one_by_one=10,
    awaited_one_by_one=10,
    picked_up=3,
    delayed=10,
    delayed_over_s=0.1,
    background=20_000,
    delayed_beside_drain=10,
    prioritised=20,
    claims=3,
    small_backlog=5,
    large_backlog=20,
    interpreters=1,
    kills=1,
    host_losses=1,
    stops=1,
    replaced_after=20,
    replacements=1,
    restart_backlog=1_000,
    restarts=2,
    failovers=1,
    idle_workers=5,
    idle_s=0.2,
    enqueued_while_idle=3,
)


@pytest.fixture
def url() -> Iterator[str]:
    with PrivateServer(persistence=Persistence.NONE) as server:
        yield server.url


@pytest.fixture
def broker(url: str) -> Iterator[Broker]:
    broker = connect(url, 5.0)
    yield broker
    broker.close()


@pytest.fixture
def workbench(url: str, broker: Broker) -> Workbench:
    return Workbench(url=url, broker=broker, scale=TINY)
