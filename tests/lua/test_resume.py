"""resume: claims of a shard that was paused lease tasks again, and a worker is woken for that."""

import pytest

from redisched.store.pausing import resume_shard
from redisched.store.values import Status
from tests.lua.queue import QUEUE, QueueUnderTest, request
from tests.lua.situation import AWAKE, Situation, together, waiting
from tests.server_time import NOW_MS

pytestmark = pytest.mark.differs_by_server


def resume(queue: QueueUnderTest) -> Status:
    return queue.call(resume_shard(queue.broker.script_runner, QUEUE, 0))


@pytest.mark.parametrize("until_ms", [0, 1, NOW_MS + 60_000])
@pytest.mark.parametrize("before", [{}, AWAKE])
def test_a_claim_takes_the_due_tasks_once_the_shard_is_resumed(
    queue: QueueUnderTest, until_ms: int, before: Situation
) -> None:
    queue.given(waiting("a"), {"paused": f"1 {until_ms} ann@desk", "format": "4"}, before)

    assert resume(queue) == Status.RESUMED
    assert queue.situation() == together(waiting("a"), AWAKE, {"format": "4"})
    assert resume(queue) == Status.ALREADY
    assert queue.situation() == together(waiting("a"), AWAKE, {"format": "4"})

    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["a"]


def test_a_shard_that_is_not_paused_wakes_nobody(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"))

    assert resume(queue) == Status.ALREADY

    assert queue.situation() == waiting("a")
