"""Shards are added to a queue in use: every task is found by workers, none is lost, and no id is ever in two shards."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redisched.client.connection import Connection
from redisched.client.scheduler import Scheduler
from redisched.client.verbs import CancelOutcome
from redisched.config import Settings
from redisched.errors import BrokerUnavailable, CannotShrink, Conflict, InvalidOption, ShardMapDamaged
from redisched.keys import keys_of
from redisched.model import TaskState
from redisched.routing.freshness import Freshness
from redisched.routing.shard_map_cache import KEPT_S
from redisched.routing.shard_router import ShardRouter
from redisched.shard_map import ShardMap
from redisched.store.adding_shards import add_shards
from redisched.store.broker import Broker
from redisched.store.enqueued import Enqueued
from redisched.store.inspect import Inspector
from redisched.store.operation import Argument, Command, Operation, run
from redisched.store.store import Store
from redisched.store.values import NewTask, Status
from tests.brokers import on_each_primary
from tests.client.callers import Caller
from tests.client.interleaving import Fate, Interleaving

pytestmark = pytest.mark.differs_by_routing

QUEUE = "mail"
IDS = [f"order-{number}" for number in range(6)]
"""Among 3 shards they are in all of them, and among 5 two have moved again."""
TASKS = [NewTask(id, 5, "+60000", b"digest-1body") for id in IDS]
OWN = [NewTask(f"own-{number}", 5, "+60000", b"digest-1body") for number in range(3)]
UNSENT = [NewTask(f"unsent-{number}", 5, "+60000", b"digest-1body") for number in range(3)]
PATIENT = Settings(timeout_s=1e6)
HASTY = Settings(timeout_s=0.001)

fates = st.sampled_from([Fate.ANSWERED] * 4 + [Fate.REPLY_LOST, Fate.LATE])
schedules = st.lists(st.tuples(st.integers(0, 5), fates), max_size=60)


def shards_with(broker: Broker, id: str) -> list[int]:
    """The shards that know of a task."""
    perform = broker.client().perform
    return [shard for shard in range(5) if perform(("HEXISTS", keys_of(QUEUE, shard).tasks, id))]


def producer_with(broker: Broker, shard_map: ShardMap, settings: Settings = PATIENT) -> ShardRouter:
    """A producer that has this shard map in its cache, and does not read another during the test."""
    connection = Connection(settings, broker)
    connection.shard_maps.remember(QUEUE, shard_map, connection.monotonic() + 1e6)
    return ShardRouter(connection)


def adding_shards(broker: Broker, shards: int) -> Operation[None]:
    """A process that adds shards, unless there are more already, and gives up half-way when Redis does not answer."""
    with contextlib.suppress(CannotShrink, BrokerUnavailable):
        yield from add_shards(broker.script_runner, QUEUE, shards)


def sent_twice(one: ShardRouter, other: ShardRouter, tasks: list[NewTask]) -> Operation[None]:
    """One producer sends requests for the first time. Then another sends them again, whatever the result was."""
    with contextlib.suppress(BrokerUnavailable):
        yield from many(one, QUEUE, tasks, Freshness.UNSENT)
    yield from many(other, QUEUE, tasks, Freshness.MAYBE_SENT)


def many(
    producer: ShardRouter, queue: str, tasks: Sequence[NewTask], freshness: Freshness
) -> Operation[list[Enqueued]]:
    """Add tasks, with as much time as the producer's settings give."""
    connection = producer._shards
    assert isinstance(connection, Connection)
    return producer.many(queue, tasks, freshness, connection.retry_policy())


def test_the_ids_of_these_tests_move_to_new_shards() -> None:
    shards = [[ShardMap((1, 3)).shard_of(id), ShardMap((1, 3, 5)).shard_of(id)] for id in IDS]

    assert {before for before, _ in shards} == {0, 1, 2}
    assert sum(before != after for before, after in shards) >= 2


def test_producers_with_different_shard_maps_never_add_an_id_to_two_shards(broker: Broker) -> None:
    @given(schedules)
    def holds(schedule: list[tuple[int, Fate]]) -> None:
        on_each_primary(broker, "FLUSHALL")
        one, other = producer_with(broker, ShardMap()), ShardRouter(Connection(PATIENT, broker))
        interleaving = Interleaving(
            broker,
            [
                many(one, QUEUE, TASKS, Freshness.MAYBE_SENT),
                many(other, QUEUE, TASKS[::-1], Freshness.MAYBE_SENT),
                many(one, QUEUE, OWN, Freshness.NEW),
                sent_twice(one, other, UNSENT),
                adding_shards(broker, 3),
                adding_shards(broker, 5),
            ],
        )

        interleaving.run(schedule)

        assert all(len(shards_with(broker, task.id)) == 1 for task in (*TASKS, *OWN, *UNSENT))
        assert {*interleaving.results[0], *interleaving.results[1]} <= {Status.CREATED, Status.EXISTS}
        for task in (*TASKS, *OWN, *UNSENT):
            view = run(Inspector(broker.script_runner, QUEUE).task(task.id), broker.client())
            assert view is not None
            assert view.state is TaskState.SCHEDULED

    holds()


def test_a_call_that_arrives_after_shards_were_added_is_refused(broker: Broker) -> None:
    late, again = producer_with(broker, ShardMap(), HASTY), ShardRouter(Connection(PATIENT, broker))
    # Loads the script, so that the late call does not fail for lack of it.
    run(Store(broker.script_runner, QUEUE).enqueue(OWN), broker.client())
    interleaving = Interleaving(broker, [sent_twice(late, again, UNSENT), adding_shards(broker, 5)])

    interleaving.run([(0, Fate.LATE), *[(1, Fate.ANSWERED)] * 10])

    assert all(ShardMap((1, 5)).shard_of(task.id) for task in UNSENT), (
        "they belong to another shard after shards were added"
    )
    assert all(len(shards_with(broker, task.id)) == 1 for task in UNSENT)


def test_a_producer_that_looks_before_a_shard_has_the_new_map_looks_again(broker: Broker) -> None:
    moving = [task for task in TASKS if ShardMap((1, 3)).shard_of(task.id) != ShardMap((1, 3, 5)).shard_of(task.id)]

    @settings(max_examples=300)
    @given(st.lists(st.integers(0, 2), max_size=25))
    def holds(order: list[int]) -> None:
        on_each_primary(broker, "FLUSHALL")
        run(add_shards(broker.script_runner, QUEUE, 3), broker.client())
        late, early = producer_with(broker, ShardMap((1, 3))), ShardRouter(Connection(PATIENT, broker))
        interleaving = Interleaving(
            broker,
            [
                many(late, QUEUE, moving[:1], Freshness.MAYBE_SENT),
                many(early, QUEUE, moving[:1], Freshness.MAYBE_SENT),
                adding_shards(broker, 5),
            ],
        )

        interleaving.run([(number, Fate.ANSWERED) for number in order])

        assert len(shards_with(broker, moving[0].id)) == 1

    holds()


def test_tasks_that_waited_before_shards_were_added_are_still_found(app: Scheduler, call: Caller) -> None:
    before = [app.request("send", number, id=id, queue=QUEUE) for number, id in enumerate(IDS)]
    call(app.enqueue_many, before)

    call(app.grow, QUEUE, 3)
    call(app.grow, QUEUE, 3)

    refs = call(app.enqueue_many, before)
    assert all(shards_with(app.broker, id) == [0] for id in IDS)
    assert {call(ref.status) for ref in refs} == {TaskState.READY}
    moved = max(IDS, key=ShardMap((1, 3)).shard_of)
    with pytest.raises(Conflict, match=moved):
        call(app.enqueue, "another", id=moved, queue=QUEUE)
    assert call(refs[IDS.index(moved)].cancel) is CancelOutcome.CANCELLED


def test_tasks_enqueued_after_shards_were_added_are_spread_and_found(app: Scheduler, call: Caller) -> None:
    call(app.enqueue, "send", queue=QUEUE)
    Scheduler(broker=app.broker).grow(QUEUE, 3)

    refs = [call(app.enqueue, "send", id=id, queue=QUEUE) for id in IDS]

    assert refs == [call(app.enqueue, "send", id=id, queue=QUEUE) for id in IDS]

    assert [shards_with(app.broker, id) for id in IDS] == [[ShardMap((1, 3)).shard_of(id)] for id in IDS]
    assert [call(ref.cancel) for ref in refs] == [CancelOutcome.CANCELLED] * len(IDS)


def test_ids_made_for_a_call_go_to_all_shards_within_seconds(
    fake_app: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    elapsed_s = 0.0
    monkeypatch.setattr(fake_app._connection, "monotonic", lambda: elapsed_s)
    fake_app.enqueue("send", queue=QUEUE)
    Scheduler(broker=fake_app.broker).grow(QUEUE, 5)

    unaware = [fake_app.enqueue("send", queue=QUEUE).id for _ in range(20)]
    elapsed_s = KEPT_S
    aware = [fake_app.enqueue("send", queue=QUEUE).id for _ in range(50)]

    assert {shard for id in unaware for shard in shards_with(fake_app.broker, id)} == {0}
    assert {shard for id in aware for shard in shards_with(fake_app.broker, id)} == {0, 1, 2, 3, 4}


def test_an_id_made_for_the_call_is_sent_before_an_old_shard_map_is_read_again(
    fake_app: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    elapsed_s = 0.0
    monkeypatch.setattr(fake_app._connection, "monotonic", lambda: elapsed_s)
    fake_app.enqueue("send", queue=QUEUE)
    client = fake_app.broker.client()
    performed: list[Argument] = []
    perform = client.perform

    def record(command: Command) -> object:
        performed.append(command[0])
        return perform(command)

    monkeypatch.setattr(client, "perform", record)
    elapsed_s = KEPT_S
    fake_app.enqueue("send", queue=QUEUE)
    fake_app.enqueue("send", queue=QUEUE)

    assert performed == ["EVALSHA", "GET", "EVALSHA"]


def test_concurrent_calls_are_spread_too(app: Scheduler) -> None:
    app.grow(QUEUE, 3)

    async def enqueue_all() -> None:
        await asyncio.gather(
            *(app.enqueue_async("send", id=id, queue=QUEUE) for id in IDS),
            *(app.enqueue_async("send", queue=QUEUE) for _ in range(30)),
        )
        await app.close_async()

    asyncio.run(enqueue_all())

    assert [shards_with(app.broker, id) for id in IDS] == [[ShardMap((1, 3)).shard_of(id)] for id in IDS]
    counts = run(Inspector(app.broker.script_runner, QUEUE).counts_by_shard(), app.broker.client())
    assert sum(shard.ready for shard in counts) == len(IDS) + 30
    assert all(shard.ready for shard in counts)


def test_a_queue_never_shrinks(app: Scheduler, call: Caller) -> None:
    call(app.grow, QUEUE, 3)

    with pytest.raises(CannotShrink, match="shards=2: at least 3, which queue 'mail' has already"):
        call(app.grow, QUEUE, 2)
    with pytest.raises(InvalidOption, match="from 1 to 1024"):
        call(app.grow, QUEUE, 0)

    assert run(Store(app.broker.script_runner, QUEUE).shard_map(), app.broker.client()) == ShardMap((1, 3))


def test_a_shard_whose_map_contradicts_that_of_the_queue_is_named(app: Scheduler, call: Caller) -> None:
    app.broker.client().perform(("SET", keys_of(QUEUE, 2).layout, "1 7"))

    with pytest.raises(ShardMapDamaged, match=r"redisched:\{mail/2\}:layout is '1 7'"):
        call(app.grow, QUEUE, 3)
