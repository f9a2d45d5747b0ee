"""T37 to T39: slots move between the nodes of a cluster under load, and nodes die, come and go."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from redis.crc import key_slot

from redisched import Durability, Scheduler
from redisched.chaos import Server
from redisched.chaos.agreement import perform
from redisched.chaos.cluster import ClusterServers, node_id
from redisched.config import Settings
from redisched.embedded import Persistence, Transport
from redisched.errors import BrokerRefused, BrokerUnavailable
from redisched.keys import keys_of
from tests.brokers import BrokerKind, binary_of
from tests.chaos.invariants import QUEUE
from tests.chaos.load import SOON_S, Load
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

KEY = keys_of(QUEUE).waiting
SLOT = key_slot(KEY.encode())
USUAL = Settings()
ON_REPLICAS = Settings(durable=Durability.REPLICA)


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def cluster(request: pytest.FixtureRequest) -> Iterator[ClusterServers]:
    """Three primaries without replicas, which keep their data on disk."""
    with ClusterServers(binary=binary_of(request.param), persistence=Persistence.ALWAYS) as cluster:
        yield cluster


def elsewhere(cluster: ClusterServers) -> Server:
    """A primary that does not serve the queue."""
    serving = cluster.primary_of(KEY)
    return next(node for node in cluster.nodes if node is not serving)


def serves(cluster: ClusterServers, node: Server) -> bool:
    """Whether a node serves the queue."""
    return cluster.primary_of(KEY) is node


def test_t37_a_slot_that_is_moved_key_by_key_under_load_loses_nothing(cluster: ClusterServers, tmp_path: Path) -> None:
    with Load(tmp_path, cluster.url, USUAL) as load:
        for _ in range(3):
            cluster.move_slot(SLOT, elsewhere(cluster))
            load.wait_for_progress()
        load.conclude()


def test_t38_a_slot_that_is_moved_at_once_under_load_loses_nothing(tmp_path: Path) -> None:
    with ClusterServers(persistence=Persistence.ALWAYS) as cluster, Load(tmp_path, cluster.url, USUAL) as load:
        for _ in range(3):
            source, target = cluster.primary_of(KEY), elsewhere(cluster)
            perform(source, "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", SLOT, SLOT, "NODE", node_id(target))
            wait_until(partial(serves, cluster, target), "the slot has moved", SOON_S)
            load.wait_for_progress()
        load.conclude()


@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_t39_a_killed_primary_loses_no_task_that_its_replica_has(tmp_path: Path, kind: BrokerKind) -> None:
    with (
        ClusterServers(replicas=1, binary=binary_of(kind)) as cluster,
        Load(tmp_path, cluster.url, ON_REPLICAS) as load,
    ):
        primary = cluster.primary_of(KEY)
        primary.kill()
        wait_until(
            lambda: cluster.primary_of(KEY) is not primary, "the replica has taken the place of its primary", SOON_S
        )
        primary.start()
        load.wait_for_progress()
        load.conclude()


def test_t39_a_restart_of_all_primaries_loses_nothing(cluster: ClusterServers, tmp_path: Path) -> None:
    with Load(tmp_path, cluster.url, USUAL) as load:
        for node in cluster.nodes:
            node.kill()
        for node in cluster.nodes:
            node.start()
        load.wait_for_progress()
        load.conclude()


def test_t39_a_node_that_joins_and_leaves_with_its_slots_loses_nothing(cluster: ClusterServers, tmp_path: Path) -> None:
    with Load(tmp_path, cluster.url, USUAL) as load:
        before, new = cluster.primary_of(KEY), cluster.add_node()
        for target in (new, before, new, before):
            # A client with an outdated map of slots would be redirected without end.
            cluster.move_slot(SLOT, target)
        load.wait_for_progress()
        cluster.take_away(new)
        load.wait_for_progress()
        load.conclude()


def test_t39_a_dead_node_in_the_url_is_passed_over(cluster: ClusterServers) -> None:
    alive = elsewhere(cluster)
    living, dead = "{}:{}".format(*alive.address), "127.0.0.1:1"
    for nodes in (f"{dead},{living}", f"{living},{dead}"):
        app = Scheduler(f"redis+cluster://{nodes}")
        assert app.enqueue("work").status()
        app.close()


def test_t40_a_server_that_is_not_a_cluster_is_refused() -> None:
    hasty = Settings(timeout_s=2.0)
    with pytest.raises(BrokerUnavailable, match=r"no node of the cluster tells its slots: 127.0.0.1:1"):
        Scheduler("redis+cluster://127.0.0.1:1", settings=hasty).enqueue("work")
    with Server(transport=Transport.LOOPBACK) as alone:
        url = alone.url.replace("redis://", "redis+cluster://")
        with pytest.raises(BrokerRefused, match=r"a cluster's\? .*cluster support disabled"):
            Scheduler(url, settings=hasty).enqueue("work")
