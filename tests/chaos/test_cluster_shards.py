"""A queue of twelve shards on three nodes: it is spread, gets shards under load, and survives the loss of a node."""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from redisched import Durability
from redisched.chaos import Server
from redisched.chaos.cluster import ClusterServers
from redisched.config import Settings
from redisched.keys import keys_of
from redisched.shard_map import ShardMap
from tests.chaos.invariants import QUEUE
from tests.chaos.load import SOON_S, Load
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

SHARDS = 12
NODE_TIMEOUT_MS = 8_000
"""Long enough to see other shards work before a replica takes the place of its primary."""
HELD = 6
"""Few enough that workers have free slots."""
ELSEWHERE = 2
"""At least so many of the tasks are in shards on other nodes."""
SILENT_S = 6.0
"""Longer than a lease."""
ON_REPLICAS = Settings(durable=Durability.REPLICA)


@pytest.fixture
def cluster() -> Iterator[ClusterServers]:
    """Three primaries, each with a replica."""
    with ClusterServers(replicas=1, node_timeout_ms=NODE_TIMEOUT_MS) as cluster:
        yield cluster


@contextmanager
def spread_load(folder: Path, cluster: ClusterServers) -> Iterator[Load]:
    """Producers and workers on a queue with all its shards."""
    with Load(folder, cluster.url, ON_REPLICAS, SHARDS) as load:
        load.app.grow(QUEUE, SHARDS)
        load.wait_for_progress_in(range(SHARDS))
        yield load


def in_shards(ids: Iterable[str], shards: Collection[int]) -> list[str]:
    """The tasks whose ids belong to one of these shards."""
    return [id for id in ids if ShardMap((SHARDS,)).shard_of(id) in shards]


def primary_of(cluster: ClusterServers, shard: int) -> Server:
    return cluster.primary_of(keys_of(QUEUE, shard).waiting)


def test_other_shards_work_on_while_a_primary_is_away_and_nothing_is_lost(
    cluster: ClusterServers, tmp_path: Path
) -> None:
    with spread_load(tmp_path, cluster) as load:
        places = {shard: primary_of(cluster, shard) for shard in range(SHARDS)}
        assert set(places.values()) == set(cluster.nodes[:3]), "the shards are on all nodes"
        lost = places[0]

        lost.kill()
        load.wait_for_progress_in(shard for shard, place in places.items() if place is not lost)

        assert primary_of(cluster, 0) is lost, (
            "the other shards worked on before a replica took the place of the primary"
        )
        wait_until(lambda: primary_of(cluster, 0) is not lost, "a replica has taken the place of the primary", SOON_S)
        lost.start()
        load.wait_for_progress_in(range(SHARDS))
        load.conclude()


def test_t39_a_silent_node_costs_no_lease_in_shards_on_other_nodes(cluster: ClusterServers, tmp_path: Path) -> None:
    with spread_load(tmp_path, cluster) as load:
        lost = primary_of(cluster, 0)
        others = [shard for shard in range(SHARDS) if primary_of(cluster, shard) is not lost]
        live: set[str] = set()
        # Random ids choose the shards: once in fifty runs fewer than two of six tasks are on other nodes.
        while len(live) < HELD or len(in_shards(live, others)) < ELSEWHERE:
            live.add(load.enqueue("hold").id)
        wait_until(lambda: live <= set(load.held), "all tasks are held", SOON_S)

        lost.pause()
        try:
            until_s = time.monotonic() + SILENT_S
            wait_until(lambda: time.monotonic() > until_s, "no lease lasts for so long", SOON_S)
            load.wait_for_progress_in(others)
        finally:
            lost.resume()

        load.wait_for_progress_in(range(SHARDS))
        load.gate.set()
        elsewhere = in_shards(load.held, others)
        assert len(elsewhere) >= ELSEWHERE
        assert len(elsewhere) == len(set(elsewhere))
        load.conclude()


def test_a_queue_grows_to_twelve_shards_under_load(cluster: ClusterServers, tmp_path: Path) -> None:
    with Load(tmp_path, cluster.url, ON_REPLICAS, SHARDS) as load:
        for shards in (2, 5, SHARDS):
            load.app.grow(QUEUE, shards)
            load.wait_for_progress_in(range(shards))
        load.conclude()
