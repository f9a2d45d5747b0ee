"""add_shards: a shard gets a later shard map of its queue, and never an earlier one."""

import pytest

from redisched.shard_map import ShardMap
from redisched.store.values import Status
from tests.lua.queue import QueueUnderTest

pytestmark = pytest.mark.differs_by_server


@pytest.mark.parametrize("present", [None, "1", "1 3"])
def test_a_later_shard_map_is_stored(queue: QueueUnderTest, present: str | None) -> None:
    queue.given({} if present is None else {"layout": present})

    assert queue.call(queue.store.add_shards(ShardMap((1, 3, 12)))) == Status.ADDED

    assert queue.situation() == {"layout": "1 3 12"}
    assert queue.call(queue.store.shard_map()) == ShardMap((1, 3, 12))


@pytest.mark.parametrize("present", ["1 3 12", "1 3 12 24"])
def test_the_same_or_an_earlier_shard_map_changes_nothing(queue: QueueUnderTest, present: str) -> None:
    queue.given({"layout": present})

    assert queue.call(queue.store.add_shards(ShardMap((1, 3, 12)))) == Status.ALREADY
    assert queue.call(queue.store.add_shards(ShardMap())) == Status.ALREADY

    assert queue.situation() == {"layout": present}


@pytest.mark.parametrize("present", ["1 4", "1 3 11", "1 12", "1 3 1", "nonsense"])
def test_a_shard_map_of_another_history_is_not_replaced(queue: QueueUnderTest, present: str) -> None:
    queue.given({"layout": present})

    assert queue.call(queue.store.add_shards(ShardMap((1, 3, 12)))) == Status.CONFLICT

    assert queue.situation() == {"layout": present}
