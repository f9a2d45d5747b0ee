"""S14: a key of a wrong type, which another program wrote, is named in the error, and nothing is written."""

from collections.abc import Callable
from dataclasses import fields

import pytest

from redisched.errors import BrokerRefused, WrongKeyType
from redisched.keys import ALL_TYPES, TYPES, Keys, keys_of, queues_key
from redisched.model import TaskState
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from redisched.store.dead_task import DeadTask
from redisched.store.deleting import delete_tasks
from redisched.store.inspect import Inspector, queues
from redisched.store.operation import Operation, ScriptRunner, run
from redisched.store.page import Query
from redisched.store.pausing import QueuePause, pause_shard, resume_shard
from redisched.store.removing import remove_shard
from redisched.store.report import Report
from redisched.store.schedule_store import ScheduleStore
from redisched.store.scripts import load_script
from redisched.store.store import Store
from redisched.store.values import (
    Ack,
    Bury,
    Checkpoint,
    ClaimRequest,
    ExpireRequest,
    FailedAttempt,
    ForgetLimits,
    NewTask,
    OnlyStart,
    Orphan,
    ReapRequest,
    Release,
    Renewal,
    Reprioritization,
    SnoozedTask,
)
from redisched.store.watching import watch
from tests.brokers import on_each_primary
from tests.lua.situation import cancelling, claimed, dead, ended, expiring, leased, seed, together, waiting
from tests.scrubbing import scrub_all
from tests.server_time import NOW_MS, ServerTime
from tests.snapshot import snapshot_of
from tests.store.edges_of_schedules import BEFORE_OF_SCHEDULES, EDGES_OF_SCHEDULES

pytestmark = pytest.mark.differs_by_server

QUEUE = "mail"
KEYS = keys_of(QUEUE)
TOKEN = 7
KEY = "c0ffee"
BEFORE = together(
    waiting("a"),
    waiting("b", tries="1 0 0 3", failure="once"),
    waiting("c"),
    leased("d"),
    leased("e", tries="0 0 0 1", failure="once"),
    cancelling("e"),
    leased("expired", ends_ms=1),
    dead("x"),
    dead("old", died_ms=1),
    ended("y"),
    ended("forgotten", forgotten_ms=1),
    claimed("worker-1", "n", TOKEN, "d"),
    waiting("soon", priority=0),
    expiring("soon", expires_ms=1),
    leased("held"),
    {"traits": {"held": f"unique={KEY} done 0 "}, "unique": {KEY: "held", "cafe": "gone"}, "format": "3"},
    {"lapsing": {"cafe": NOW_MS + 60_000}},
    {"fence": "7", "reaper": f"reaper {NOW_MS} 0 1000"},
    BEFORE_OF_SCHEDULES,
)
PAUSE = QueuePause(since_ms=NOW_MS, until_ms=None, by="ann@desk")
NEW = NewTask("n", 5, "+0", b"digest-nbody", b"expires=+5 9 digest-nend")
NEW_UNIQUE = NewTask("u", 5, "+0", b"digest-ubody", b"unique=beef done return 0 0 00 expires=+5 9 digest-uend")


def _on_schedules(call: Callable[[ScheduleStore], Operation[object]]) -> Callable[[Store], Operation[object]]:
    return lambda store: call(ScheduleStore(ScriptRunner(), store.queue, store.shard))


EDGES: dict[str, Callable[[Store], Operation[object]]] = {
    "enqueue": lambda store: store.enqueue([NEW, NEW_UNIQUE], ShardMap()),
    "claim": lambda store: store.claim(
        ClaimRequest(worker="w", nonce="q", limit=2, ahead_ms=0, ahead_limit=0, lease_ms=1_000)
    ),
    "renew": lambda store: store.renew(1_000, [Renewal("d", TOKEN, 5)]),
    "ack": lambda store: store.ack([Ack(id, TOKEN, 1_000, b"digest-dend") for id in "de"]),
    "retry": lambda store: store.retry([FailedAttempt(id, TOKEN, 1_000, b"boom") for id in "de"]),
    "snooze": lambda store: store.snooze([SnoozedTask(id, TOKEN, 1_000) for id in "de"]),
    "release": lambda store: store.release([Release(id, TOKEN, 1_000) for id in "de"]),
    "start": lambda store: store.start([OnlyStart("d", TOKEN, 5, 1_000, b"digest-dlost")]),
    "checkpoint": lambda store: store.checkpoint([Checkpoint("d", TOKEN, b"state")]),
    "report": lambda store: store.report([Report("d", TOKEN, 0, 1, b"progress", b"1 5 line\n")]),
    "bury": lambda store: store.bury([Bury(id, TOKEN, b"boom") for id in "de"]),
    "reap": lambda store: store.reap(
        ReapRequest(worker="reaper", hold_ms=1, grace_ms=0, limit=9, crash_limit=1, failure=b"crashed", lease_ms=1_000)
    ),
    "recover": lambda store: store.recover("worker-1", 3, b"crashed", [Orphan(id, TOKEN, 1) for id in "de"]),
    "cancel": lambda store: store.cancel(1_000, [(id, b"cancelled") for id in "ad"]),
    "discard": lambda store: store.discard(1_000, [("x", b"gone")]),
    "delete": lambda store: delete_tasks(
        store._script_runner, store.queue, store.shard, 1_000, [(id, b"gone") for id in "adxy"]
    ),
    "revive": lambda store: store.revive(["x"]),
    "take_over": lambda store: store.take_over([DeadTask("n", 1, b"digest-nbody", b"", b"", b"", b"")], ShardMap()),
    "hand_over": lambda store: store.hand_over(["x"]),
    "reprioritize": lambda store: store.reprioritize([Reprioritization("a", 3, "+5")]),
    "expire": lambda store: store.expire(ExpireRequest(limit=9, lease_ms=1_000)),
    "forget": lambda store: store.forget(ForgetLimits(limit=10, dead_retention_ms=1_000)),
    "watch": lambda store: watch(ScriptRunner(), store.queue, store.shard, "channel", ["a", "d"]),
    "wake": lambda store: store.wake(),
    "pause": lambda store: pause_shard(store._script_runner, store.queue, store.shard, PAUSE),
    "resume": lambda store: resume_shard(store._script_runner, store.queue, store.shard),
    "remove": lambda store: remove_shard(store._script_runner, store.queue, store.shard),
    "add_shards": lambda store: store.add_shards(ShardMap((1, 3))),
    **{edge: _on_schedules(call) for edge, call in EDGES_OF_SCHEDULES.items()},
}

UNKNOWN_TO_THE_SCRUBBER = (
    *("claims", "fence", "reaper", "barrier", "paused", "layout"),
    *("schedules", "fired", "firing", "declared"),
)


def plant(broker: Broker, key: str) -> str:
    """Put something else in the place of a key; answers its type."""
    perform = broker.client().perform
    perform(("DEL", key))
    if ALL_TYPES[key.rpartition(":")[2]] == "string":
        perform(("RPUSH", key, "something else"))
        return "list"
    perform(("SET", key, "something else"))
    return "string"


def test_the_catalogue_has_the_type_of_every_key() -> None:
    assert list(TYPES) == [field.name for field in fields(Keys)]


@pytest.mark.parametrize("edge", EDGES)
def test_s14_the_error_names_the_key_and_nothing_is_written(broker: Broker, clock: ServerTime, edge: str) -> None:
    store = Store(broker.script_runner, QUEUE)
    for name in load_script(edge).keys:
        on_each_primary(broker, "FLUSHALL")
        clock.move_to(NOW_MS)
        seed(broker, QUEUE, BEFORE)
        key = getattr(KEYS, name)
        found = plant(broker, key)
        before = snapshot_of(broker)

        with pytest.raises(WrongKeyType, match=rf"Redis refused {edge}: .* is a {found} where redisched") as caught:
            run(EDGES[edge](store), broker.client())

        assert (caught.value.key, caught.value.wanted) == (key, TYPES[name])
        assert snapshot_of(broker) == before, f"{edge} wrote something before it met {name}"


@pytest.mark.parametrize("name", [name for name in TYPES if name not in UNKNOWN_TO_THE_SCRUBBER])
def test_s14_the_scrubber_changes_nothing_either(broker: Broker, clock: ServerTime, name: str) -> None:
    seed(broker, QUEUE, together(BEFORE, {"tries": {"stray": "1 0 0 3"}}))
    plant(broker, getattr(KEYS, name))
    before = snapshot_of(broker)

    with pytest.raises(WrongKeyType, match=name):
        scrub_all(broker, QUEUE)

    assert snapshot_of(broker) == before


def test_s14_observers_get_an_error_that_names_the_key(broker: Broker) -> None:
    client = broker.client()
    plant(broker, KEYS.waiting)
    plant(broker, KEYS.dead)
    client.perform(("SET", queues_key(), "something else"))
    inspector = Inspector(broker.script_runner, QUEUE)

    with pytest.raises(WrongKeyType, match=r"read/queue: redisched:\{mail\}:waiting is a string"):
        run(inspector.counts(), client)
    with pytest.raises(WrongKeyType, match=r"read/page: redisched:\{mail\}:waiting is a string"):
        run(inspector.page(Query(states=(TaskState.READY,), limit=9)), client)
    with pytest.raises(BrokerRefused, match="SMEMBERS redisched:queues"):
        run(queues(broker.script_runner), client)
