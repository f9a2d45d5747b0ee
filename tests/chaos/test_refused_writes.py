"""The server answers, but takes no writes: memory or disk is full, its replica is gone, or it is a replica itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos import Server, replica_of
from redisched.chaos.history.record import Claimed
from redisched.config import Settings
from redisched.embedded import Persistence, Transport
from redisched.errors import BrokerUnavailable, QueueFull
from redisched.model import TaskState
from tests.brokers import BrokerKind, binary_of
from tests.chaos.rig import Rig
from tests.chaos.servers_small_disk import NoSmallDisk, SmallDisk
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.differs_by_server]

HASTY = Settings(timeout_s=0.5)
SOON_S = 20.0
HEADROOM_BYTES = 2_000_000

every_server = pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])


def memory_of(rig: Rig) -> int:
    """How many bytes the server uses."""
    facts: bytes = rig.direct.client().perform(("INFO", "memory"))
    return int(facts.partition(b"used_memory:")[2].split(b"\r\n")[0])


def fill(rig: Rig) -> None:
    """Enqueue until the server takes no more."""
    for _ in range(HEADROOM_BYTES // 10_000):
        try:
            rig.enqueue_many(1, "work", b"x" * 20_000)
        except QueueFull:
            return
    pytest.fail("the memory does not get full")


@every_server
def test_t22_a_full_redis_takes_no_new_task_and_all_running_tasks_end(tmp_path: Path, kind: BrokerKind) -> None:
    running = 300
    with (
        Server(binary=binary_of(kind)) as server,
        Rig(tmp_path, server.url) as rig,
        rig.worker(lease_s=2.0, concurrency=running) as worker,
    ):
        held = rig.enqueue_many(running, "hold")
        wait_until(lambda: rig.gate.entered == running, "all tasks run", SOON_S)
        rig.direct.client().perform(("CONFIG", "SET", "maxmemory", memory_of(rig) + HEADROOM_BYTES))
        fill(rig)
        renewals = rig.proxy.replies["renew"]
        wait_until(lambda: rig.proxy.replies["renew"] >= renewals + 6, "heartbeats are accepted for two leases", SOON_S)
        fill(rig)
        rig.gate.open()
        rig.drain()
        (after,) = rig.enqueue_many(1, "work")
        assert after.result(timeout=SOON_S) is None
        rig.conclude()
        assert {task.status() for task in held} == {TaskState.SUCCEEDED}
        assert not worker.has_ended
    assert rig.gate.entered == running
    claims = [record.task for record in rig.history() if isinstance(record, Claimed)]
    assert len(claims) == len(set(claims)), "a lease ended"


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk that can be filled, for the server of a test."""
    try:
        disk = SmallDisk(tmp_path, binary_of(request.param), "16m")
    except NoSmallDisk as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    with disk:
        yield disk


def conclude_with(rig: Rig, count: int) -> None:
    """Check that running tasks end, new tasks are taken, and no task was lost or done twice."""
    rig.gate.open()
    (after,) = rig.enqueue_many(1, "work")
    assert after.result(timeout=SOON_S) is None
    rig.conclude()
    assert rig.gate.entered == count


@pytest.mark.parametrize("persistence", [Persistence.EVERYSEC, Persistence.NONE], ids=["aof", "rdb"])
def test_t24_a_redis_that_cannot_write_to_disk_is_an_error_in_time_and_workers_wait(
    tmp_path: Path, disk: SmallDisk, persistence: Persistence
) -> None:
    snapshots = ("--save", "3600 1") if persistence is Persistence.NONE else ()
    with (
        Server(binary=disk.binary, arguments=(*disk.arguments, *snapshots), persistence=persistence) as server,
        Rig(tmp_path, server.url, HASTY) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        perform = rig.direct.client().perform
        rig.enqueue_many(4, "hold")
        wait_until(lambda: rig.gate.entered == 4, "the tasks run")
        disk.fill()
        if snapshots:
            perform(("BGSAVE",))

        def is_refused() -> bool:
            try:
                rig.enqueue_many(1, "work")
            except BrokerUnavailable as error:
                return "MISCONF" in error.reason
            return False

        wait_until(is_refused, "the server takes no more tasks", SOON_S)
        assert not worker.has_ended
        disk.clear()
        if snapshots:
            wait_until(lambda: saved(rig), "the server has saved its data", SOON_S)
        conclude_with(rig, 4)


def saved(rig: Rig) -> bool:
    """Have a snapshot written; answers whether the last one was."""
    perform = rig.direct.client().perform
    facts: bytes = perform(("INFO", "persistence"))
    if b"rdb_bgsave_in_progress:0" in facts and b"rdb_last_bgsave_status:ok" not in facts:
        perform(("BGSAVE",))
    return b"rdb_last_bgsave_status:ok" in facts


def test_t24_workers_wait_for_a_redis_that_ended_because_its_disk_is_full(tmp_path: Path, disk: SmallDisk) -> None:
    with (
        Server(binary=disk.binary, arguments=disk.arguments, persistence=Persistence.ALWAYS) as server,
        Rig(tmp_path, server.url, HASTY) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        rig.enqueue_many(4, "hold")
        wait_until(lambda: rig.gate.entered == 4, "the tasks run")
        disk.fill()
        with pytest.raises(BrokerUnavailable):
            rig.enqueue_many(20, "work", b"x" * 20_000)
        wait_until(lambda: server.pid is None, "the server has ended", SOON_S)
        assert not worker.has_ended
        disk.clear()
        server.start()
        conclude_with(rig, 4)


@every_server
def test_t25_a_primary_without_its_replica_refuses_tasks_and_a_repeated_call_makes_one(
    tmp_path: Path, kind: BrokerKind
) -> None:
    alone = ("--min-replicas-to-write", "1", "--repl-diskless-sync", "no", "--shutdown-timeout", "0")
    binary = binary_of(kind)
    with (
        Server(binary=binary, transport=Transport.LOOPBACK, arguments=alone) as primary,
        Server(
            binary=binary,
            transport=Transport.LOOPBACK,
            persistence=Persistence.NONE,
            arguments=replica_of(primary),
        ) as replica,
        Rig(tmp_path, primary.url, HASTY) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        requests = [rig.app.request("work", id="order-1")]
        wait_until(lambda: is_in_reach(rig), "the replica is there", SOON_S)
        rig.enqueue_many(4, "hold")
        wait_until(lambda: rig.gate.entered == 4, "the tasks run")
        replica.kill()
        with pytest.raises(BrokerUnavailable, match="NOREPLICAS"):
            rig.send(requests)
        assert not worker.has_ended
        replica.start()
        wait_until(lambda: is_in_reach(rig), "the replica is back", SOON_S)
        assert rig.send(requests) == rig.send(requests)
        conclude_with(rig, 4)


def is_in_reach(rig: Rig) -> bool:
    """Whether the primary has its replica."""
    facts: bytes = rig.direct.client().perform(("INFO", "replication"))
    return b"min_slaves_good_slaves:1" in facts or b"min_replicas_good_replicas:1" in facts


@every_server
def test_t40_a_replica_given_as_primary_is_an_error_and_workers_wait_for_its_promotion(
    tmp_path: Path, kind: BrokerKind
) -> None:
    binary = binary_of(kind)
    with (
        Server(binary=binary, transport=Transport.LOOPBACK) as primary,
        Server(binary=binary, transport=Transport.LOOPBACK, arguments=replica_of(primary)) as replica,
        Rig(tmp_path, replica.url, HASTY) as rig,
        rig.worker() as worker,
    ):
        with pytest.raises(BrokerUnavailable, match="read only replica"):
            rig.enqueue_many(1, "work")
        assert not worker.has_ended
        rig.direct.client().perform(("REPLICAOF", "NO", "ONE"))
        (task,) = rig.enqueue_many(1, "work")
        assert task.result(timeout=SOON_S) is None
        rig.conclude()
