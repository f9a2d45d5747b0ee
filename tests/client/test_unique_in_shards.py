"""Unique keys in a queue of several shards: a key is in one shard, and stays in its old one until no task has it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.client.connection import Connection
from redisched.client.scheduler import Scheduler
from redisched.keys import keys_of
from redisched.model import TaskState
from redisched.placement import placed_chosen_id, placement_of
from redisched.routing.freshness import Freshness
from redisched.routing.shard_router import ShardRouter
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from redisched.store.enqueued import Duplicate
from redisched.store.values import NewTask, Status
from tests.brokers import on_each_primary
from tests.client.callers import Caller
from tests.client.interleaving import Fate, Interleaving
from tests.client.test_adding_shards import PATIENT, QUEUE, adding_shards, many, producer_with

pytestmark = pytest.mark.differs_by_routing

PLACEMENTS = [f"{number:016x}" for number in range(4)]
fates = st.sampled_from([Fate.ANSWERED] * 4 + [Fate.REPLY_LOST, Fate.LATE])
rows = st.tuples(st.integers(0, 4), fates, st.sampled_from([1, 1, 1, 10]))
schedules = st.lists(rows, max_size=40).map(
    lambda rows: [(number, fate) for number, fate, steps in rows for _ in range(steps)]
)
"""Which operation takes a step, and what becomes of its request. Some take many at once, to be far ahead of others."""


def task(name: str, placement: str, mode: str = "return") -> NewTask:
    traits = f"unique={placement} done {mode} 0 1000 {b'cancelled'.hex()} ".encode()
    return NewTask(placed_chosen_id(name, placement), 5, "+60000", f"digest-{name[-1]}body".encode(), traits)


def tasks(name: str, mode: str = "return") -> list[NewTask]:
    return [task(f"{name}{number}", placement, mode) for number, placement in enumerate(PLACEMENTS)]


def holders(broker: Broker) -> list[str]:
    """The ids of all tasks that wait, in all shards."""
    perform = broker.client().perform
    found = [id for shard in range(5) for id in perform(("ZRANGE", keys_of(QUEUE, shard).waiting, 0, -1))]
    return sorted(id.decode() for id in found)


def test_the_keys_of_these_tests_move_to_new_shards() -> None:
    shards = [[ShardMap(counts).shard_of(f"{key}~x") for counts in ((1,), (1, 3), (1, 3, 5))] for key in PLACEMENTS]

    assert sum(len(set(of_key)) > 1 for of_key in shards) >= 3
    assert all(placement_of(f"{key}~x") == key for key in PLACEMENTS)


@pytest.mark.parametrize("mode", ["return", "replace", "debounce"])
def test_of_all_producers_one_task_has_a_key_while_shards_are_added(broker: Broker, mode: str) -> None:
    @given(schedules)
    def holds(schedule: list[tuple[int, Fate]]) -> None:
        on_each_primary(broker, "FLUSHALL")
        one, other = producer_with(broker, ShardMap()), ShardRouter(Connection(PATIENT, broker))
        interleaving = Interleaving(
            broker,
            [
                many(one, QUEUE, tasks("one", mode), Freshness.MAYBE_SENT),
                many(other, QUEUE, tasks("other", mode)[::-1], Freshness.MAYBE_SENT),
                many(other, QUEUE, tasks("third", mode), Freshness.MAYBE_SENT),
                adding_shards(broker, 3),
                adding_shards(broker, 5),
            ],
        )

        interleaving.run(schedule)

        assert [placement_of(id) for id in holders(broker)] == PLACEMENTS

    holds()


@pytest.mark.parametrize("mode", ["return", "replace", "debounce"])
def test_a_key_stays_in_its_shard_until_its_task_has_ended(broker: Broker, mode: str) -> None:
    router = ShardRouter(Connection(PATIENT, broker))

    def send(name: str) -> Any:
        interleaving = Interleaving(broker, [many(router, QUEUE, tasks(name, mode), Freshness.MAYBE_SENT)])
        interleaving.run([])
        return interleaving.results[0]

    assert send("a") == [Status.CREATED] * 4
    Interleaving(broker, [adding_shards(broker, 5)]).run([])

    answers = send("b")

    added = answers == [Status.CREATED] * 4
    assert added if mode == "replace" else answers == [Duplicate(one.id) for one in tasks("a")]
    assert broker.client().perform(("HLEN", keys_of(QUEUE).unique)) == 4
    assert holders(broker) == [one.id for one in tasks("b" if added else "a")]


def test_the_next_task_with_a_key_is_in_the_shard_of_the_present_number(app: Scheduler, call: Caller) -> None:
    @app.task(queue=QUEUE, unique="{order}")
    def charge(order: int) -> None: ...

    before = [call(charge.enqueue, order) for order in range(8)]
    app.grow(QUEUE, 5)
    assert [call(charge.enqueue, order) for order in range(8)] == before

    for ref in before:
        ref.cancel()
    after = [call(charge.enqueue, order) for order in range(8)]

    assert all(ref.is_new and ref.status() is TaskState.READY for ref in after)
    perform = app.broker.client().perform
    assert sum(perform(("HLEN", keys_of(QUEUE, shard).unique)) > 0 for shard in range(5)) > 1
