"""grow: a shard is given the layout of its queue, and never an earlier one."""

import pytest

from redisched.layout import Layout
from redisched.store.values import Status
from tests.lua.queue import QueueUnderTest

pytestmark = pytest.mark.differs_by_server


@pytest.mark.parametrize("present", [None, "1", "1 3"])
def test_a_later_layout_is_taken_over(queue: QueueUnderTest, present: str | None) -> None:
    queue.given({} if present is None else {"layout": present})

    assert queue.call(queue.store.grow(Layout((1, 3, 12)))) == Status.GROWN

    assert queue.situation() == {"layout": "1 3 12"}
    assert queue.call(queue.store.layout()) == Layout((1, 3, 12))


@pytest.mark.parametrize("present", ["1 3 12", "1 3 12 24"])
def test_the_same_and_an_earlier_one_change_nothing(queue: QueueUnderTest, present: str) -> None:
    queue.given({"layout": present})

    assert queue.call(queue.store.grow(Layout((1, 3, 12)))) == Status.ALREADY
    assert queue.call(queue.store.grow(Layout())) == Status.ALREADY

    assert queue.situation() == {"layout": present}


@pytest.mark.parametrize("present", ["1 4", "1 3 11", "1 12", "1 3 1", "nonsense"])
def test_one_that_does_not_lead_there_is_left(queue: QueueUnderTest, present: str) -> None:
    queue.given({"layout": present})

    assert queue.call(queue.store.grow(Layout((1, 3, 12)))) == Status.CONFLICT

    assert queue.situation() == {"layout": present}
