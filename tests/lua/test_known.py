"""read/known: whether tasks are in a shard, as long as the queue has the shard map that was named."""

import pytest

from redisched.shard_map import ShardMap
from redisched.store.values import NewTask, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import Situation, dead, ended, leased, record_of, waiting

pytestmark = pytest.mark.differs_by_server


@pytest.mark.parametrize(
    "present", [waiting("a"), leased("a"), dead("a"), ended("a")], ids=["waiting", "leased", "dead", "ended"]
)
def test_a_task_is_known_in_every_state(queue: QueueUnderTest, present: Situation) -> None:
    queue.given(present, {"layout": "1 3"})
    tasks = [NewTask("a", 5, "+0", record.encode()) for record in (record_of("a"), "DIGEST-abody of a")]
    tasks.append(NewTask("b", 5, "+0", record_of("b").encode()))

    statuses = queue.call(queue.store.known(ShardMap((1, 3)), tasks))

    assert statuses == [Status.EXISTS, Status.CONFLICT, Status.UNKNOWN]


@pytest.mark.parametrize(
    ("kept", "named"), [("1 3", ShardMap()), ("1 3", ShardMap((1, 3, 12))), (None, ShardMap((1, 3)))]
)
def test_if_another_shard_map_is_named_nothing_is_reported(
    queue: QueueUnderTest, kept: str | None, named: ShardMap
) -> None:
    queue.given(waiting("a"), {} if kept is None else {"layout": kept})
    tasks = [NewTask(id, 5, "+0", record_of(id).encode()) for id in "ab"]

    assert queue.call(queue.store.known(named, tasks)) == [Status.STALE_SHARD_MAP, Status.STALE_SHARD_MAP]
