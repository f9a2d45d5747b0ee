"""A task that waits for a month is not forgotten: it runs then, or ends visibly if it should have started before."""

import pytest

from redisched.store.values import ExpireRequest, ForgetLimits, NewTask
from tests.lua.queue import QueueUnderTest, request
from tests.lua.reaping import request as reap
from tests.lua.situation import situation_of
from tests.server_time import ServerTime

pytestmark = pytest.mark.differs_by_server

DAY_MS = 86_400_000
MONTH = 30
FORGETTING = ForgetLimits(limit=100, dead_retention_ms=DAY_MS, kept=0, sooner_ms=DAY_MS)


def look_after(queue: QueueUnderTest) -> None:
    """What workers do for a queue every day in which they claim nothing."""
    queue.call(queue.store.reap(reap(lease_ms=30_000)))
    queue.call(queue.store.expire(ExpireRequest(limit=100, lease_ms=30_000)))
    queue.call(queue.store.forget(FORGETTING))


def test_a_task_that_waited_for_a_month_runs(empty_queue: QueueUnderTest, clock: ServerTime) -> None:
    expires = f"expires=+{(MONTH + 1) * DAY_MS} 1000 digest-cend".encode()
    tasks = [
        NewTask("due", 5, "+0", b"digest-abody"),
        NewTask("later", 5, f"+{MONTH * DAY_MS}", b"digest-bbody"),
        NewTask("expiring", 5, "+0", b"digest-cbody", expires),
        NewTask("with a deadline", 5, "+0", b"digest-dbody", b"deadline=+1000 "),
    ]
    empty_queue.call(empty_queue.store.enqueue(tasks))
    for _ in range(MONTH):
        clock.advance(DAY_MS)
        look_after(empty_queue)

    leases = empty_queue.call(empty_queue.store.claim(request())).leases
    assert {lease.id for lease in leases} == {task.id for task in tasks}


def test_a_task_that_expires_within_the_month_ends_visibly(empty_queue: QueueUnderTest, clock: ServerTime) -> None:
    retention_ms = 100 * DAY_MS
    expires = f"expires=+{20 * DAY_MS} {retention_ms} digest-aend".encode()
    empty_queue.call(empty_queue.store.enqueue([NewTask("a", 5, "+0", b"digest-abody", expires)]))
    for day in range(1, MONTH + 1):
        clock.advance(DAY_MS)
        look_after(empty_queue)
        found = situation_of(empty_queue.broker, empty_queue.store.queue)
        assert ("a" in found.get("waiting", {})) == (day < 20)
        assert ("a" in found.get("outcomes", {})) == (day >= 20)

    assert empty_queue.call(empty_queue.store.claim(request())).leases == []
