"""T34, T40: the primary that Sentinels watch is replaced under load, or cannot be found."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redisched import Durability, Scheduler
from redisched.config import Settings
from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable
from redisched.testing import Server
from redisched.testing.watched import WatchedServers
from tests.brokers import BrokerKind, binary_of
from tests.chaos.load import SOON_S, Load
from tests.client.callers import Caller, Manner
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1_500)]

ON_REPLICAS = Settings(durable=Durability.REPLICA)
CONNECTIONS = 40
"""Of a producer, of two workers with their keepers and wakers, of a replica and of Sentinels, with room to spare."""


def plan(servers: WatchedServers) -> None:
    """An operator moves the primary."""
    servers.fail_over()


def kill(servers: WatchedServers) -> None:
    """The primary dies, and comes back when another has taken its place."""
    primary = servers.primary
    primary.kill()
    wait_until(lambda: servers.primary is not primary, "there is another primary", SOON_S)
    primary.start()


def pause(servers: WatchedServers) -> None:
    """The primary stands still, and wakes up as one that takes itself for the primary."""
    primary = servers.primary
    primary.pause()
    wait_until(lambda: servers.primary is not primary, "there is another primary", SOON_S)
    primary.resume()


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.chaos)])
@pytest.mark.parametrize("fail_over", [plan, kill, pause])
@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_t34_a_failover_loses_nothing_that_a_replica_has(
    tmp_path: Path, kind: BrokerKind, fail_over: Callable[[WatchedServers], None], rounds: int
) -> None:
    with (
        WatchedServers(binary=binary_of(kind)) as servers,
        Load(tmp_path, servers.url, ON_REPLICAS) as load,
    ):
        for _ in range(rounds):
            before = servers.primary
            fail_over(servers)
            load.wait_for_progress()
            servers.wait_until_whole()
            if servers.primary is before:
                pytest.skip("the machine was so busy that the new primary was given up, too: two faults, not one")
        load.conclude()
        clients = load.direct.client().perform(("CLIENT", "LIST"))
        assert len(clients.splitlines()) < CONNECTIONS, "connections leak"


@pytest.fixture(scope="module")
def watched() -> Iterator[WatchedServers]:
    with WatchedServers(replicas=0) as servers:
        yield servers


def refuse(url: str, expected: type[BrokerError], said: str) -> None:
    """Every call of a producer must raise the error, in either manner."""
    app = Scheduler(url, settings=Settings(timeout_s=2.0))
    for manner in Manner:
        call = Caller(app, manner)
        with pytest.raises(expected, match=said):
            call(app.enqueue, "work")
        with pytest.raises(expected, match=said):
            call(app.enqueue_many, [app.request("work")])
    app.close()


def test_t40_sentinels_that_do_not_answer_are_named(watched: WatchedServers) -> None:
    refuse("redis+sentinel://127.0.0.1:1,127.0.0.1:2/tasks", BrokerUnavailable, "Sentinel 127.0.0.1:[12] does not")


def test_t40_a_name_that_nobody_watches_is_told(watched: WatchedServers) -> None:
    refuse(watched.url.replace("/tasks/", "/jobs/"), BrokerRefused, "watches no primary named 'jobs'")


def test_t40_a_redis_that_is_given_as_sentinel_is_told(watched: WatchedServers) -> None:
    (host, port), *_ = [server.address for server in watched.servers]
    refuse(f"redis+sentinel://{host}:{port}/tasks", BrokerRefused, r"a Sentinel\? .*unknown command")


def test_t40_without_a_quorum_the_dead_primary_is_named_until_it_is_back(watched: WatchedServers) -> None:
    app = Scheduler(watched.url, settings=Settings(timeout_s=2.0))
    app.enqueue("work")
    primary: Server = watched.primary
    primary.kill()

    with pytest.raises(BrokerUnavailable, match=r"which Sentinel .* names, does not answer"):
        app.enqueue("work")
    primary.start()

    app.enqueue("work")
    app.close()
