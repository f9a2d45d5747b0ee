"""Observers see the shards of a queue as one queue."""

from collections.abc import Collection

import pytest

from redisched.codec import encode_task
from redisched.keys import keys_of
from redisched.model import TaskBody, TaskState
from redisched.shard_map import ShardMap
from redisched.store.adding_shards import add_shards
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector, find, queues
from redisched.store.operation import Operation, T, run
from redisched.store.page import Query
from redisched.store.repair import Repair
from redisched.store.store import Store
from redisched.store.values import NewTask
from redisched.store.view import PENDING, TaskView
from tests.store.observed import pages_of

pytestmark = pytest.mark.differs_by_routing

QUEUE = "mail"
RECORD = b"8 bytes." + encode_task(TaskBody("send"), 1_000)


class Spread:
    """A queue of three shards, with tasks where the test puts them."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.inspector = Inspector(broker.script_runner, QUEUE)
        self.see(Store(broker.script_runner, QUEUE).register())
        self.see(add_shards(broker.script_runner, QUEUE, 3))

    def see(self, operation: Operation[T]) -> T:
        return run(operation, self.broker.client())

    def listed(self, states: Collection[TaskState], limit: int) -> list[TaskView]:
        query = Query(states=states, limit=limit)
        return [view for page in pages_of(self.inspector, self.see, query) for view in page.views]

    def put(self, shard: int, id: str, priority: int = 5, when: str = "@1") -> None:
        self.see(Store(self.broker.script_runner, QUEUE, shard).enqueue([NewTask(id, priority, when, RECORD)]))


@pytest.fixture
def spread(broker: Broker) -> Spread:
    return Spread(broker)


def test_several_shards_are_listed_as_one_queue(spread: Spread) -> None:
    assert spread.see(queues(spread.broker.script_runner)) == [QUEUE]
    assert [shard.shard for shard in spread.see(spread.inspector.shards())] == [0, 1, 2]


def test_counts_are_those_of_all_shards(spread: Spread) -> None:
    spread.put(0, "a", 3, "@5000")
    spread.put(1, "b", 3, "@2000")
    spread.put(2, "c", 9, "+60000")
    run(Store(spread.broker.script_runner, QUEUE, 1).register(), spread.broker.client())

    counts = spread.see(spread.inspector.counts())

    assert (counts.queue, counts.ready, counts.scheduled, counts.leased) == (QUEUE, 2, 1, 0)
    assert [(one.priority, one.ready, one.scheduled) for one in counts.priorities] == [(3, 2, 0), (9, 0, 1)]
    assert counts.oldest_ready_ms is not None
    assert counts.oldest_ready_ms >= counts.now_ms - 5_000
    assert [shard.ready for shard in spread.see(spread.inspector.counts_by_shard())] == [1, 1, 0]


def test_pending_tasks_of_all_shards_are_listed_in_one_order(spread: Spread) -> None:
    spread.put(2, "first", 0, "@9")
    spread.put(0, "second", 5, "@1")
    spread.put(1, "third", 5, "@2")
    spread.put(0, "fourth", 9, "+50000")
    spread.put(2, "fifth", 0, "+90000")

    order = ["first", "second", "third", "fourth", "fifth"]
    for limit in (1, 2, 9):
        assert [view.id for view in spread.listed(PENDING, limit)] == order
        later = spread.listed([TaskState.SCHEDULED], limit)
        assert [(view.id, view.shard) for view in later] == [("fourth", 0), ("fifth", 2)]


@pytest.mark.parametrize("cached_shard_map", [None, ShardMap((1, 3)), ShardMap((1, 2))])
def test_a_task_is_found_in_each_shard_it_may_be_in(spread: Spread, cached_shard_map: ShardMap | None) -> None:
    shard_map = ShardMap((1, 3))
    moved = next(id for id in map(str, range(99)) if shard_map.shard_of(id) == 2)
    inspector = Inspector(spread.broker.script_runner, QUEUE, cached_shard_map)
    spread.put(0, moved)

    before = spread.see(inspector.task(moved))
    spread.broker.client().perform(("DEL", keys_of(QUEUE).tasks, keys_of(QUEUE).waiting))
    spread.put(2, moved)
    after = spread.see(inspector.task(moved))

    assert before is not None
    assert after is not None
    assert (before.shard, after.shard, after.name) == (0, 2, "send")
    assert [view.shard for view in spread.see(find(spread.broker.script_runner, moved))] == [2]
    assert spread.see(inspector.task("nobody")) is None


def test_repairs_are_added_up(spread: Spread) -> None:
    for shard, count in ((0, 2), (2, 3)):
        spread.broker.client().perform(("HSET", keys_of(QUEUE, shard).repairs, Repair.TWICE, count))

    assert spread.see(spread.inspector.repairs()) == {Repair.TWICE: 5}
