"""hand_over: a dead task that another shard has taken over is forgotten."""

import pytest

from redisched.store.values import Status
from tests.lua.keyed import keyed
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import Situation, ended, leased, together, waiting
from tests.lua.test_take_over import DEAD, read


def test_a_task_that_is_handed_over_is_forgotten(queue: QueueUnderTest) -> None:
    queue.given(DEAD)

    assert queue.call(queue.store.hand_over(["a", "a", "missing"])) == [Status.MOVED, Status.UNKNOWN, Status.UNKNOWN]

    assert queue.situation() == {"format": "3"}


def test_who_holds_the_key_keeps_it_when_a_dead_task_is_handed_over(queue: QueueUnderTest) -> None:
    holding = together(waiting("b"), keyed("b"))
    queue.given(DEAD, holding)

    assert queue.call(queue.store.hand_over(["a"])) == [Status.MOVED]

    assert queue.situation() == holding


@pytest.mark.parametrize("task", [waiting("a"), leased("a"), ended("a")], ids=["waiting", "leased", "ended"])
def test_a_task_that_is_not_dead_stays(queue: QueueUnderTest, task: Situation) -> None:
    queue.given(task)

    assert read(queue, "a") == []
    assert queue.call(queue.store.hand_over(["a"])) == [Status.UNKNOWN]

    assert queue.situation() == task
