"""The doctor examines several servers: each primary, and the Sentinels or nodes that decide which server is primary."""

import re
import time
from contextlib import closing

import pytest

from redisched import Scheduler
from redisched.chaos import ClusterServers, WatchedServers
from redisched.chaos.agreement import perform
from redisched.doctor.finding import Finding, Level
from redisched.doctor.topology import examine_all
from redisched.keys import keys_of
from redisched.store.broker import connect
from tests.doctor.visits import TIMEOUT_S
from tests.waiting import wait_until

pytestmark = pytest.mark.fault


def visit_all(url: str) -> list[Finding]:
    broker = connect(url, TIMEOUT_S)
    try:
        broker.client().perform(("SADD", "redisched:queues", "mail"))
        return list(examine_all(broker, time.time))
    finally:
        broker.close()


def test_whether_sentinels_reach_a_quorum_is_reported() -> None:
    with WatchedServers() as servers:
        sound = [finding for finding in visit_all(servers.url) if finding.check == "sentinels"]
        for sentinel in servers.sentinels[1:]:
            sentinel.kill()
        left = [finding.level for finding in visit_all(servers.url) if finding.check == "sentinels"]

    assert [finding.level for finding in sound] == [Level.OK] * 3
    assert left[1:] == [Level.WARNING] * 2


def test_every_node_of_a_cluster_is_examined_and_the_node_of_each_shard_is_shown() -> None:
    with ClusterServers() as cluster:
        with closing(Scheduler(cluster.url)) as app:
            app.grow("mail", 3)
        found = visit_all(cluster.url)
        owners = ["{}:{}".format(*cluster.primary_of(keys_of("mail", shard).waiting).address) for shard in range(3)]

    assert [finding.level for finding in found if finding.check == "version"] == [Level.OK] * 3
    quorum, *places = [finding.sentence for finding in found if finding.check == "cluster"]
    assert quorum == "3 of 3 primaries are up, and 2 must agree to replace a lost one."
    for shard, owner in enumerate(owners):
        (place,) = [place for place in places if place.startswith(f"{owner} has shard")]
        assert re.search(rf"\b{shard}\b.* of mail\.$", place)


def test_slots_without_a_node_are_counted() -> None:
    with ClusterServers(node_timeout_ms=500) as cluster:
        visit_all(cluster.url)
        lost = cluster.primary_of("redisched:queues")
        lost.kill()
        alive = next(node for node in cluster.nodes if node is not lost)
        wait_until(
            lambda: b"cluster_slots_fail:0" not in perform(alive, "CLUSTER", "INFO"),
            "the cluster counts the node as failed",
        )
        with closing(connect(cluster.url, TIMEOUT_S)) as broker:
            found = [*examine_all(broker, time.time)]

    told = [finding.sentence for finding in found if finding.check == "cluster" and finding.level is Level.DANGER]
    assert any("No node serves " in sentence for sentence in told)
    assert any(sentence.startswith("{}:{} does not answer".format(*lost.address)) for sentence in told)
