"""The doctor examines real servers: sound ones, and ones on which tasks would be lost."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos.server import Server, cluster_node, replica_of
from redisched.client.scheduler import Scheduler
from redisched.doctor import keyspace
from redisched.doctor.finding import Level
from redisched.embedded import Persistence, Transport, find_binary
from redisched.keys import audit_key, declaring_key, fleet_keys, span_key
from redisched.store.broker import Broker, connect
from tests.brokers import BrokerKind, Servers
from tests.doctor.visits import TIMEOUT_S, Visit, visit
from tests.lua.situation import seed, together, waiting
from tests.waiting import wait_until

pytestmark = pytest.mark.differs_by_server

CHECKS = {
    "version",
    "memory",
    "replicas",
    "eviction",
    "persistence",
    "clock",
    "rights",
    "scripts",
    "keyspace",
    "types",
    "workers",
    "repairs",
}


@pytest.fixture(params=[BrokerKind.VALKEY, pytest.param(BrokerKind.REDIS, marks=pytest.mark.nightly)])
def binary(request: pytest.FixtureRequest, servers: Servers) -> Path:
    """The binary of a real server."""
    if request.param is BrokerKind.VALKEY:
        return find_binary()
    servers.url(BrokerKind.REDIS)
    return Path(shutil.which("redis-server") or "")


@pytest.fixture
def broker_of(servers: Servers) -> Iterator[Broker]:
    """An empty Valkey for this test alone, which may change its settings."""
    with Server() as server:
        broker = connect(server.url, TIMEOUT_S)
        yield broker
        broker.close()


def test_a_sound_server_has_no_danger(binary: Path) -> None:
    with Server(binary=binary) as server:
        found = visit(server.url)

    assert {finding.check for finding in found.findings} == CHECKS
    assert found.dangers == []
    assert "the last second" in found.sentence("persistence")
    assert found.sentence("scripts").startswith("The server compiles all ")


def test_eviction_and_missing_persistence_are_dangers(binary: Path) -> None:
    arguments = ("--maxmemory-policy", "allkeys-lru")
    with Server(binary=binary, persistence=Persistence.NONE, arguments=arguments) as server:
        found = visit(server.url)

    assert [finding.check for finding in found.dangers] == ["eviction", "persistence"]
    assert "CONFIG SET maxmemory-policy noeviction" in found.sentence("eviction")
    assert "CONFIG SET appendonly yes" in found.sentence("persistence")


def test_a_replica_is_a_danger_and_its_primary_counts_it(binary: Path) -> None:
    with Server(binary=binary, transport=Transport.LOOPBACK) as primary:
        host, port = primary.address
        with Server(binary=binary, transport=Transport.LOOPBACK, arguments=replica_of(primary)) as replica:
            wait_until(
                lambda: visit(primary.url).sentence("replicas").startswith("Up to date: 1 replica;"),
                "the replica is online",
            )
            of_replica = visit(replica.url)

    assert f"{host}:{port}" in of_replica.sentence("replicas")
    assert of_replica.levels("replicas") == [Level.DANGER]


def test_a_cluster_without_slots_is_a_danger_and_a_working_one_shows_the_slot_of_a_queue(binary: Path) -> None:
    with Server(binary=binary, transport=Transport.LOOPBACK, arguments=cluster_node()) as node:
        broker = connect(node.url, TIMEOUT_S)
        assert Visit(broker).levels("cluster") == [Level.DANGER]
        broker.client().perform(("CLUSTER", "ADDSLOTSRANGE", 0, 16383))
        wait_until(
            lambda: b"cluster_state:ok" in broker.client().perform(("CLUSTER", "INFO")), "the node serves its slots"
        )
        broker.client().perform(("SADD", "redisched:queues", "mail"))

        found = Visit(broker)
        broker.close()

    assert found.levels("cluster") == [Level.WARNING, Level.OK]
    quorum, place = [finding.sentence for finding in found.findings if finding.check == "cluster"]
    assert quorum.startswith("1 of 1 primaries are up, and 1 must agree")
    assert place.endswith(" has queue mail.")


def test_a_clock_that_differs_is_reported(broker_of: Broker) -> None:
    assert Visit(broker_of).levels("clock") == [Level.OK]

    behind = Visit(broker_of, now=lambda: time.time() + 60)
    ahead = Visit(broker_of, now=lambda: time.time() - 60)

    assert "60.0 s behind" in behind.sentence("clock")
    assert "60.0 s ahead of" in ahead.sentence("clock")
    assert behind.levels("clock") == ahead.levels("clock") == [Level.WARNING]


def test_memory_that_runs_out_is_reported(broker_of: Broker) -> None:
    broker_of.client().perform(("CONFIG", "SET", "maxmemory", 1))

    assert Visit(broker_of).levels("memory") == [Level.WARNING]


def test_queues_without_a_worker_repairs_and_foreign_keys_are_reported(broker_of: Broker) -> None:
    soon_ms = int(time.time() * 1e3) + 20_000
    seed(broker_of, "mail", together(waiting("a", run_at_ms=1), {"repairs": {"RECORD_LOST": 3, "unheard": 1}}))
    seed(broker_of, "served", together(waiting("a", run_at_ms=1), {"reaper": f"worker-1 {soon_ms} 0 30000"}))
    seed(broker_of, "moved", together(waiting("a", run_at_ms=1), {"reaper": "worker-1 4000000000000 0 30000"}))
    seed(broker_of, "left", together(waiting("a", run_at_ms=1), {"reaper": "worker-1 1 0 30000"}))
    perform = broker_of.client().perform
    perform(("SADD", "redisched:queues", "mail", "served", "left", "moved"))
    assert Visit(broker_of).levels("keyspace") == [Level.OK]
    perform(("SET", "of-somebody-else", 1))

    found = Visit(broker_of)

    unserved = [finding.sentence for finding in found.findings if finding.check == "workers"]
    assert [sentence.split()[1] for sentence in unserved] == ["left", "mail", "moved"]
    assert found.sentence("repairs").startswith("Keys of queue mail were damaged (3 RECORD_LOST)")
    said = found.sentence("keyspace")
    assert said.startswith(
        "This database has keys without the prefix 'redisched', such as of-somebody-else; 1 such key "
    )


def test_no_key_of_redisched_is_taken_for_one_of_others(broker_of: Broker) -> None:
    perform = broker_of.client().perform
    for key in (audit_key(), declaring_key("shop"), span_key("minute", 29_932_517), fleet_keys().present):
        perform(("SET", key, "its type does not matter"))

    assert Visit(broker_of).levels("keyspace") == [Level.OK]


def test_the_foreign_keys_of_a_large_database_are_found_in_a_bounded_look(
    broker_of: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyspace, "MOST_KEYS", 50)
    monkeypatch.setattr(keyspace, "KEYS_A_LOOK", 10)
    broker_of.client().perform(("MSET", *(part for number in range(500) for part in (f"other\x1b{number}", "x"))))

    said = Visit(broker_of).sentence("keyspace")

    assert "\x1b" not in said
    looked_at = int(said.partition("among the ")[2].split()[0])
    assert 50 <= looked_at < 100


def test_a_key_of_a_wrong_type_is_named(broker_of: Broker) -> None:
    perform = broker_of.client().perform
    perform(("SADD", "redisched:queues", "mail"))
    perform(("SET", "redisched:{mail}:waiting", "something else"))

    found = Visit(broker_of)

    assert found.sentence("types").startswith("redisched:{mail}:waiting is a string, but redisched needs a zset there")
    assert found.levels("workers") == [Level.WARNING]


def test_every_shard_of_a_queue_is_examined(broker_of: Broker) -> None:
    perform = broker_of.client().perform
    Scheduler(broker=broker_of).grow("mail", 3)
    assert Visit(broker_of).levels("types") == [Level.OK]

    perform(("SET", "redisched:{mail/2}:dead", "something else"))

    found = Visit(broker_of)
    assert found.sentence("types").startswith("redisched:{mail/2}:dead is a string, but redisched needs a zset there")


def test_a_shard_map_of_a_wrong_type_is_named(broker_of: Broker) -> None:
    perform = broker_of.client().perform
    perform(("SADD", "redisched:queues", "mail"))
    perform(("RPUSH", "redisched:{mail}:layout", "something else"))

    assert Visit(broker_of).sentence("types").startswith("redisched:{mail}:layout is a list")
