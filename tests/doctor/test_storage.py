"""How the doctor judges settings that keep tasks or lose them."""

from typing import Any

import pytest

from redisched.doctor.finding import Finding, Level
from redisched.doctor.replication import check_replicas
from redisched.doctor.storage import check_eviction, check_lookups, check_memory, check_persistence
from redisched.errors import BrokerRefused
from redisched.store.operation import run
from tests.store.scripted import ScriptedClient

OK, WARNING, DANGER = Level.OK, Level.WARNING, Level.DANGER
REFUSED = BrokerRefused("CONFIG", "NOPERM")
GIB = 2**30


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.mark.parametrize(
    ("policy", "level"),
    [("noeviction", OK), ("volatile-ttl", WARNING), ("allkeys-lru", DANGER), ("allkeys-lfu", DANGER)],
)
def test_the_level_of_an_eviction_policy(policy: str, level: Level) -> None:
    assert only(run(check_eviction({"maxmemory_policy": policy}), ScriptedClient([]))).level is level
    assert only(run(check_eviction({}), ScriptedClient([[b"maxmemory-policy", policy.encode()]]))).level is level


def test_eviction_that_cannot_be_read_is_a_warning() -> None:
    assert only(run(check_eviction({}), ScriptedClient([REFUSED]))).level is WARNING


@pytest.mark.parametrize(
    ("reply", "count"),
    [([b"hash-max-ziplist-entries", b"512"], 1), ([b"hash-max-ziplist-entries", b"64"], 0), ([], 0), (REFUSED, 0)],
)
def test_slow_lookups_in_small_hashes_are_reported_but_no_danger(reply: Any, count: int) -> None:
    findings = run(check_lookups(), ScriptedClient([reply]))

    assert len(findings) == count
    for finding in findings:
        assert finding.level is OK
        assert "CONFIG SET hash-max-listpack-entries 64" in finding.sentence


@pytest.mark.parametrize(
    ("info", "reply", "level", "part"),
    [
        ({"aof_enabled": "1"}, [b"appendfsync", b"always"], OK, "Every acknowledged write"),
        ({"aof_enabled": "1"}, [b"appendfsync", b"everysec"], OK, "the last second"),
        ({"aof_enabled": "1"}, [b"appendfsync", b"no"], WARNING, "CONFIG SET appendfsync everysec"),
        ({"aof_enabled": "1"}, REFUSED, OK, "cannot be read"),
        ({"rdb_changes_since_last_save": "17"}, [b"save", b"3600 1"], WARNING, "the last 17 changes"),
        ({}, [b"save", b""], DANGER, "loses every task"),
        ({}, REFUSED, WARNING, "cannot be read"),
        ({"aof_enabled": "1", "aof_last_write_status": "err"}, None, DANGER, "full disk"),
        ({"rdb_last_bgsave_status": "err"}, None, DANGER, "full disk"),
    ],
)
def test_the_level_of_a_persistence_setting(info: dict[str, str], reply: Any, level: Level, part: str) -> None:
    finding = only(run(check_persistence(info), ScriptedClient([reply])))

    assert finding.level is level
    assert part in finding.sentence


@pytest.mark.parametrize(
    ("used", "limit", "machine", "level", "part"),
    [
        (1, 10, 100, OK, "(10%)"),
        (8, 10, 100, WARNING, "raise maxmemory"),
        (10, 0, 100, OK, "of the machine"),
        (80, 0, 100, WARNING, "the system may kill the server"),
        (1, 0, 0, WARNING, "cannot be read"),
    ],
)
def test_the_level_of_memory_use(used: int, limit: int, machine: int, level: Level, part: str) -> None:
    info = {"used_memory": used, "maxmemory": limit, "total_system_memory": machine}

    finding = only(check_memory({name: str(size * GIB) for name, size in info.items()}))

    assert finding.level is level
    assert part in finding.sentence


@pytest.mark.parametrize(
    ("info", "level", "part"),
    [
        ({"role": "master", "connected_slaves": "0"}, OK, "no replica"),
        ({"role": "master", "connected_slaves": "0", "cluster_enabled": "1"}, WARNING, "its shards stand still"),
        ({"connected_slaves": "1", "slave0": "ip=h,port=1,state=online,offset=1,lag=3"}, OK, "slowest is 3 s"),
        ({"connected_slaves": "1", "slave0": "ip=h,port=1,state=online,offset=1,lag=11"}, WARNING, "h:1"),
        ({"connected_slaves": "1", "slave0": "ip=h,port=1,state=wait_bgsave,offset=1,lag=0"}, WARNING, "h:1"),
        ({"role": "slave", "master_host": "h", "master_port": "6379"}, DANGER, "h:6379"),
    ],
)
def test_the_level_of_the_state_of_replicas(info: dict[str, str], level: Level, part: str) -> None:
    finding = only(check_replicas(info))

    assert finding.level is level
    assert part in finding.sentence
