"""wake: a worker passes on a wake-up that it cannot use."""

import pytest

from tests.lua.queue import QueueUnderTest
from tests.lua.situation import AWAKE, Situation

pytestmark = pytest.mark.differs_by_server


@pytest.mark.parametrize("before", [{}, AWAKE], ids=["nobody is awake", "somebody is"])
def test_one_wake_up_is_enough(empty_queue: QueueUnderTest, before: Situation) -> None:
    empty_queue.given(before)

    empty_queue.call(empty_queue.store.wake())
    empty_queue.call(empty_queue.store.wake())

    assert empty_queue.situation() == AWAKE
