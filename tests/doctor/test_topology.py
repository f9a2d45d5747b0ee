"""The doctor visits several servers: each primary is looked at, and whoever decides which one it is."""

import time

import pytest

from redisched.doctor.finding import Finding, Level
from redisched.doctor.topology import examine_all
from redisched.store.broker import connect
from redisched.testing import ClusterServers, WatchedServers
from tests.doctor.visits import TIMEOUT_S

pytestmark = pytest.mark.fault


def visit_all(url: str) -> list[Finding]:
    broker = connect(url, TIMEOUT_S)
    try:
        broker.client().perform(("SADD", "redisched:queues", "mail"))
        return list(examine_all(url, broker, time.time))
    finally:
        broker.close()


def test_sentinels_tell_whether_they_reach_a_quorum() -> None:
    with WatchedServers() as servers:
        sound = [finding for finding in visit_all(servers.url) if finding.check == "sentinels"]
        for sentinel in servers.sentinels[1:]:
            sentinel.kill()
        left = [finding.level for finding in visit_all(servers.url) if finding.check == "sentinels"]

    assert [finding.level for finding in sound] == [Level.OK] * 3
    assert left[1:] == [Level.WARNING] * 2


def test_each_node_of_a_cluster_is_looked_at_and_a_queue_is_found_on_one() -> None:
    with ClusterServers() as cluster:
        found = visit_all(cluster.url)
        owner = "{}:{}".format(*cluster.primary_of("{mail}").address)

    assert [finding.level for finding in found if finding.check == "version"] == [Level.OK] * 3
    (place,) = [finding.sentence for finding in found if finding.check == "cluster"]
    assert place.endswith(f"on {owner}.")
