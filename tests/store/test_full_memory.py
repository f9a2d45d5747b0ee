"""A Redis with full memory refuses new tasks entirely, and lets existing tasks end."""

from collections.abc import Iterator
from typing import TypeVar

import pytest

from redisched.errors import QueueFull
from redisched.model import TaskState
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from redisched.store.dead_task import read_dead
from redisched.store.operation import Operation, ScriptRunner, run
from redisched.store.report import Report
from redisched.store.roster import Roster
from redisched.store.store import Store
from redisched.store.values import (
    Ack,
    Bury,
    ClaimRequest,
    FailedAttempt,
    ForgetLimits,
    NewTask,
    OnlyStart,
    Orphan,
    ReapOutcome,
    ReapRequest,
    Release,
    Renewal,
    SnoozedTask,
    Status,
)
from redisched.store.watching import watch
from tests.brokers import BrokerKind, Servers
from tests.lua.keyed import new
from tests.lua.situation import Situation, cancelling, dead, leased, seed, situation_of, together, waiting
from tests.server_time import NOW_MS

pytestmark = pytest.mark.differs_by_server

T = TypeVar("T")
QUEUE = "mail"
TOKEN = 7
FAR_MS = 4_000_000_000_000
"""A lease that does not end while the test runs."""


class FullRedis:
    """A real server with nothing to spare, and what stood in its queue before."""

    def __init__(self, broker: Broker, situation: Situation) -> None:
        self._client = broker.client()
        self._broker = broker
        self.store = Store(broker.script_runner, QUEUE)
        seed(broker, QUEUE, situation)
        self._client.perform(("SCRIPT", "FLUSH"))
        self._client.perform(("CONFIG", "SET", "maxmemory", 1))

    def call(self, operation: Operation[T]) -> T:
        return run(operation, self._client)

    def situation(self) -> Situation:
        return situation_of(self._broker, QUEUE)

    def make_room(self) -> None:
        self._client.perform(("CONFIG", "SET", "maxmemory", 0))


BEFORE = together(
    *(leased(id, ends_ms=FAR_MS) for id in "abcdefg"),
    cancelling("g"),
    leased("expired", ends_ms=NOW_MS - 10 * 365 * 86_400_000),
    waiting("w", run_at_ms=0),
    waiting("v", run_at_ms=FAR_MS),
    dead("x", died_ms=0),
    dead("y", died_ms=0),
    dead("z", died_ms=NOW_MS),
)


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def full(request: pytest.FixtureRequest, servers: Servers) -> Iterator[FullRedis]:
    broker = servers.broker(request.param)
    full = FullRedis(broker, BEFORE)
    yield full
    full.make_room()
    broker.close()


def test_a_full_server_refuses_new_tasks_and_writes_no_part_of_them(full: FullRedis) -> None:
    tasks = [NewTask(f"n{number}", 5, "+0", b"digest-nbody") for number in range(3)]

    with pytest.raises(QueueFull, match="raise maxmemory or drain the queue"):
        full.call(full.store.enqueue(tasks))
    for mode in ("return", "replace", "debounce"):
        with pytest.raises(QueueFull):
            full.call(full.store.enqueue([new("u", mode)]))
    assert full.situation() == BEFORE

    full.make_room()
    assert full.call(full.store.enqueue(tasks)) == [Status.CREATED] * 3


def test_a_full_server_refuses_to_revive_tasks(full: FullRedis) -> None:
    with pytest.raises(QueueFull):
        full.call(full.store.revive(["x"]))
    with pytest.raises(QueueFull):
        full.call(full.store.take_over(full.call(read_dead(full.store.keys, ["x"])), ShardMap()))

    assert full.situation() == BEFORE


def test_a_full_server_refuses_reports_and_takes_the_end_of_their_task(full: FullRedis) -> None:
    with pytest.raises(QueueFull):
        full.call(full.store.report([Report("a", TOKEN, 0, 1, b"progress", b"")]))
    assert full.situation() == BEFORE


def test_callers_are_told_of_ends_on_a_full_server(full: FullRedis) -> None:
    (watched,) = full.call(watch(ScriptRunner(), QUEUE, 0, "channel", ["a"]))
    assert watched.state is TaskState.LEASED
    assert full.call(full.store.ack([Ack("a", TOKEN, 1_000, b"digest-aend")])) == [Status.ACKED]
    assert "watched" not in full.situation()


def test_workers_say_that_they_live_on_a_full_server(full: FullRedis) -> None:
    fleet = Roster(ScriptRunner())
    assert full.call(fleet.introduce("w", b"presence", "digest", b"serves", 15_000)).is_known
    full.call(fleet.depart("w"))


def test_every_other_edge_works_on_a_full_server(full: FullRedis) -> None:
    call, store = full.call, full.store
    reap = ReapRequest(
        worker="r", hold_ms=1_000, grace_ms=0, limit=9, crash_limit=3, failure=b"crashed", lease_ms=30_000
    )
    request = ClaimRequest(worker="w", nonce="n", limit=1, ahead_ms=0, ahead_limit=0, lease_ms=30_000)

    assert call(store.renew(30_000, [Renewal("a", TOKEN, NOW_MS)])) == [Status.RENEWED]
    assert call(store.start([OnlyStart("a", TOKEN, NOW_MS, 1_000, b"digest-alost")])) == [Status.STARTED]
    assert call(store.ack([Ack("a", TOKEN, 1_000, b"digest-aend")])) == [Status.ACKED]
    assert call(store.retry([FailedAttempt("b", TOKEN, 10_000, b"boom")])) == [Status.RETRIED]
    assert call(store.bury([Bury("c", TOKEN, b"boom")])) == [Status.BURIED]
    assert call(store.release([Release("d", TOKEN, 0)])) == [Status.RELEASED]
    assert call(store.snooze([SnoozedTask("e", TOKEN, 9_000)])) == [Status.SNOOZED]
    assert call(store.recover("worker-1", 3, b"crashed", [Orphan("f", TOKEN, 1)])) == [Status.RECOVERED]
    assert call(store.cancel(1_000, [("v", b"cancelled"), ("g", b"cancelled")])) == [
        Status.CANCELLED,
        Status.CANCELLING,
    ]
    assert call(store.discard(1_000, [("y", b"discarded")])) == [Status.DISCARDED]
    assert call(store.hand_over(["z"])) == [Status.MOVED]
    reaped = call(store.reap(reap))
    assert (reaped.outcome, reaped.tasks) == (ReapOutcome.REAPED, [("expired", Status.RECOVERED)])
    assert [lease.id for lease in call(store.claim(request)).leases] == ["w"]
    assert call(store.forget(ForgetLimits(limit=9, dead_retention_ms=1_000))).tasks == 1
    call(store.wake())
