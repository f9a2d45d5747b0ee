"""take_over: a dead task comes from another shard, with all that is stored of it."""

import pytest

from redisched.shard_map import ShardMap
from redisched.store.dead_task import DeadTask, read_dead
from redisched.store.store import Store
from redisched.store.values import Status
from tests.lua.keyed import KEY
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.lua.situation import Situation, dead, ended, leased, situation_of, together, waiting

ONE_SHARD = ShardMap()
DEAD = together(
    dead("a", tries="5 2 1 7"),
    {"traits": {"a": f"unique={KEY} done 0 "}, "checkpoints": {"a": "page 1"}, "format": "3"},
    {"reports": {"a": "7 1 1 0 1 4 half1 5 line\n"}},
)


def read(queue: QueueUnderTest, *ids: str) -> list[DeadTask]:
    return queue.call(read_dead(queue.store.keys, ids))


@pytest.fixture
def other(queue: QueueUnderTest) -> Store:
    """Another shard of the queue."""
    return Store(queue.broker.script_runner, QUEUE, 1)


def test_a_dead_task_is_taken_over_with_all_that_is_stored_of_it(queue: QueueUnderTest, other: Store) -> None:
    queue.given(DEAD)

    assert queue.call(other.take_over(read(queue, "a"), ONE_SHARD)) == [Status.MOVED]

    assert situation_of(queue.broker, f"{QUEUE}/1") == DEAD
    assert read(queue, "a")[0].unique_key == KEY


def test_a_repeated_call_changes_nothing(queue: QueueUnderTest, other: Store) -> None:
    queue.given(DEAD)
    (task,) = read(queue, "a")

    assert queue.call(other.take_over([task, task], ONE_SHARD)) == [Status.MOVED, Status.ALREADY]
    assert queue.call(other.take_over([task], ONE_SHARD)) == [Status.ALREADY]

    assert situation_of(queue.broker, f"{QUEUE}/1") == DEAD


@pytest.mark.parametrize(
    "known", [waiting("a"), leased("a"), ended("a"), dead("a")], ids=["waiting", "leased", "ended", "dead"]
)
def test_a_task_that_the_shard_knows_is_not_changed(queue: QueueUnderTest, known: Situation) -> None:
    queue.given(known)

    task = DeadTask("a", 1, b"digest-abody", b"", b"", b"", b"")
    assert queue.call(queue.store.take_over([task], ONE_SHARD)) == [Status.ALREADY]

    assert queue.situation() == known


def test_a_shard_with_another_shard_map_takes_nothing_over(queue: QueueUnderTest, other: Store) -> None:
    queue.given(DEAD)

    assert queue.call(other.take_over(read(queue, "a"), ShardMap((1, 3)))) == [Status.STALE_SHARD_MAP]
    assert situation_of(queue.broker, f"{QUEUE}/1") == {}


def test_a_shard_with_another_shard_map_revives_nothing(queue: QueueUnderTest) -> None:
    queue.given(DEAD)

    assert queue.call(queue.store.revive(["a"], b"", ShardMap((1, 3)))) == [Status.STALE_SHARD_MAP]
    assert queue.situation() == DEAD
