"""remove: a shard without tasks loses all its keys but its shard map."""

import pytest

from redisched.store.removing import remove_shard
from redisched.store.values import NewTask, Status
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.lua.situation import AWAKE, Situation, dead, ended, leased, together, waiting

pytestmark = pytest.mark.differs_by_server

LEFT_OVER = together(
    ended("a"),
    AWAKE,
    {"fence": "7", "reaper": "worker-1 1 0 30000", "paused": "1 0 ann@desk", "format": "4", "barrier": ""},
    {"reports": {"a": "told"}, "claims": {"worker-1": "n 7 a"}, "unique": {"c0ffee": "a"}, "lapsing": {"c0ffee": 9}},
)


def remove(queue: QueueUnderTest) -> Status:
    return queue.call(remove_shard(queue.broker.script_runner, QUEUE, 0))


@pytest.mark.parametrize("layout", [{}, {"layout": "1 3"}])
def test_of_a_shard_without_tasks_only_the_shard_map_is_left(empty_queue: QueueUnderTest, layout: Situation) -> None:
    empty_queue.given(LEFT_OVER, layout)

    assert remove(empty_queue) == Status.REMOVED
    assert empty_queue.situation() == layout
    assert remove(empty_queue) == Status.REMOVED


@pytest.mark.parametrize(
    "task",
    [waiting("b"), leased("b"), dead("b"), {"tasks": {"b": "lost"}}, {"schedules": {"nightly": "one"}}],
    ids=["waits", "leased", "dead", "damaged", "schedule"],
)
def test_a_shard_with_a_task_or_a_schedule_stays(empty_queue: QueueUnderTest, task: Situation) -> None:
    empty_queue.given(LEFT_OVER, task)

    assert remove(empty_queue) == Status.NOT_EMPTY

    assert empty_queue.situation() == together(LEFT_OVER, task)


def test_a_removed_shard_takes_tasks(empty_queue: QueueUnderTest) -> None:
    remove(empty_queue)

    assert empty_queue.call(empty_queue.store.enqueue([NewTask("n", 5, "+0", b"digest-nbody")])) == [Status.CREATED]
