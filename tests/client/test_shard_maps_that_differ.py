"""If shards have different shard maps, all get the longest one. If that is impossible, a producer raises an error."""

import pytest

from redisched import Scheduler
from redisched.errors import ShardMapDamaged
from redisched.keys import keys_of
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from tests.brokers import on_each_primary

pytestmark = pytest.mark.differs_by_routing

QUEUE = "default"


def stored(broker: Broker, shard: int) -> bytes | None:
    shard_map: bytes | None = broker.client().perform(("GET", keys_of(QUEUE, shard).layout))
    return shard_map


def give(broker: Broker, shard: int, shard_map: str) -> None:
    broker.client().perform(("SET", keys_of(QUEUE, shard).layout, shard_map))


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    on_each_primary(broker, "FLUSHALL")
    app = Scheduler(broker=broker)
    app.grow(QUEUE, 3)
    app.grow(QUEUE, 6)
    return Scheduler(broker=broker)


@pytest.mark.parametrize("shard", [0, 1, 2])
def test_the_longest_shard_map_is_given_to_all(app: Scheduler, broker: Broker, shard: int) -> None:
    """As when a shard lost its latest shard map in a failover."""
    give(broker, shard, "1 3")
    ids = [f"order-{number}" for number in range(40)]

    app.enqueue_many([app.request("work", id=id) for id in ids])
    for id in ids:
        app.enqueue("work", id=id)

    assert {stored(broker, shard) for shard in range(6)} == {b"1 3 6"}
    assert all(app.ref(id, QUEUE).status() == "ready" for id in ids)


def test_shard_maps_that_contradict_each_other_are_an_error_that_names_the_key(app: Scheduler, broker: Broker) -> None:
    give(broker, 0, "1 3")
    give(broker, 2, "1 4")
    ids = [f"order-{number}" for number in range(40)]

    with pytest.raises(ShardMapDamaged) as damaged:
        app.enqueue_many([app.request("work", id=id) for id in ids])
    assert damaged.value.key == keys_of(QUEUE, 2).layout


def test_tasks_are_added_by_the_longest_shard_map(app: Scheduler, broker: Broker) -> None:
    give(broker, 0, "1 3")
    moved = next(
        id for id in map(str, range(99)) if 0 < ShardMap((1, 3)).shard_of(id) != ShardMap((1, 3, 6)).shard_of(id)
    )

    app.enqueue("work", id=moved)

    keys = keys_of(QUEUE, ShardMap((1, 3, 6)).shard_of(moved))
    assert broker.client().perform(("HEXISTS", keys.tasks, moved))
