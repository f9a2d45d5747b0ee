"""T34, T40: the primary that Sentinels watch is replaced under load, or cannot be found."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redisched import Durability, Scheduler
from redisched.chaos import Server
from redisched.chaos.agreement import perform
from redisched.chaos.watched import WatchedServers
from redisched.config import Settings
from redisched.embedded import Persistence
from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable
from tests.brokers import BrokerKind, binary_of
from tests.chaos.load import SOON_S, Load
from tests.client.callers import Caller, Manner
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1_500)]

log = logging.getLogger(__name__)

ON_REPLICAS = Settings(durable=Durability.REPLICA)
CONNECTIONS = 5
"""So many more connections than at first are no leak: threads of a worker may open some at the same time by chance."""


def plan(servers: WatchedServers) -> None:
    """An operator moves the primary."""
    servers.fail_over()


def kill(servers: WatchedServers) -> None:
    """The primary is killed, and restarted when another has taken its place."""
    primary = servers.primary
    primary.kill()
    wait_for_another(servers, primary)
    primary.start()


def pause(servers: WatchedServers) -> None:
    """The primary is paused, and still takes itself for the primary when it is resumed."""
    primary = servers.primary
    primary.pause()
    wait_for_another(servers, primary)
    primary.resume()


def wait_for_another(servers: WatchedServers, primary: Server) -> None:
    """Wait until the Sentinels name another primary."""
    wait_until(lambda: servers.primary is not primary, "there is another primary", SOON_S)


def connections(servers: WatchedServers) -> int:
    """How many clients the primary has."""
    clients: bytes = perform(servers.primary, "CLIENT", "LIST", "TYPE", "normal")
    return len(clients.splitlines())


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.chaos)])
@pytest.mark.parametrize("fail_over", [plan, kill, pause])
@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_t34_a_failover_loses_nothing_that_a_replica_has(
    tmp_path: Path, kind: BrokerKind, fail_over: Callable[[WatchedServers], None], rounds: int
) -> None:
    with (
        WatchedServers(binary=binary_of(kind), persistence=Persistence.ALWAYS) as servers,
        Load(tmp_path, servers.url, ON_REPLICAS) as load,
    ):
        at_first = connections(servers)
        for _ in range(rounds):
            fail_over(servers)
            load.wait_for_progress()
            servers.wait_until_whole()
        # A busy machine may cause more promotions than failovers; every server must still have the acknowledged tasks.
        log.info("failovers: %d, promotions: %d", rounds, servers.promotions)
        load.tell_waits(rounds)
        assert connections(servers) <= at_first + CONNECTIONS, "connections leak"
        load.conclude()


@pytest.mark.chaos
def test_t34_a_primary_promoted_again_before_it_caught_up_has_all_acknowledged_tasks(
    tmp_path: Path,
) -> None:
    with (
        WatchedServers(persistence=Persistence.ALWAYS) as servers,
        Load(tmp_path, servers.url, ON_REPLICAS) as load,
    ):
        first = servers.primary
        first.kill()
        wait_for_another(servers, first)
        second = servers.primary
        second.pause()
        first.start()
        wait_for_another(servers, second)
        second.resume()
        load.wait_for_progress()
        servers.wait_until_whole()
        assert servers.promotions == 2
        load.conclude()


@pytest.fixture(scope="module")
def watched() -> Iterator[WatchedServers]:
    with WatchedServers(replicas=0) as servers:
        yield servers


def refuse(url: str, expected: type[BrokerError], said: str) -> None:
    """Check that every call of a producer raises the error, blocking and async."""
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


def test_t40_a_name_that_no_sentinel_watches_is_an_error(watched: WatchedServers) -> None:
    refuse(watched.url.replace("/tasks/", "/jobs/"), BrokerRefused, "watches no primary named 'jobs'")


def test_t40_a_redis_given_as_sentinel_is_an_error(watched: WatchedServers) -> None:
    (host, port), *_ = [server.address for server in watched.servers]
    refuse(f"redis+sentinel://{host}:{port}/tasks", BrokerRefused, r"a Sentinel\? .*unknown command")


def test_t40_without_a_quorum_the_error_names_the_dead_primary_until_it_is_back(watched: WatchedServers) -> None:
    app = Scheduler(watched.url, settings=Settings(timeout_s=2.0))
    app.enqueue("work")
    primary: Server = watched.primary
    primary.kill()

    with pytest.raises(BrokerUnavailable, match=r"which Sentinel .* names, does not answer"):
        app.enqueue("work")
    primary.start()

    app.enqueue("work")
    app.close()
