"""Tasks go every way through the state machine, from enqueue to forget. At the end nothing of them is left."""

from collections.abc import Callable

import pytest

from redisched.store.values import (
    Ack,
    Bury,
    FailedAttempt,
    ForgetLimits,
    Lease,
    NewTask,
    Orphan,
    ReapRequest,
    Release,
    Renewal,
)
from tests.lua.queue import QueueUnderTest, request
from tests.lua.situation import WORKER
from tests.server_time import ServerTime

pytestmark = [pytest.mark.differs_by_server, pytest.mark.differs_by_routing]

LASTING = {"fence", "reaper", "wake"}
"""Keys that belong to the queue and not to a task."""
DAY_MS = 86_400_000
FORGETTING = ForgetLimits(limit=9, dead_retention_ms=DAY_MS)
REAP = ReapRequest(
    worker=WORKER, hold_ms=2 * DAY_MS, grace_ms=0, limit=9, crash_limit=2, failure=b"crashed", lease_ms=30_000
)


class Life:
    """One task in its own queue, and the edges it goes through."""

    def __init__(self, queue: QueueUnderTest, clock: ServerTime) -> None:
        self.queue, self.store, self.call, self.clock = queue, queue.store, queue.call, clock
        self.call(self.store.enqueue([NewTask("a", 5, "+10", b"digest-abody")]))

    def claim(self) -> Lease:
        self.clock.advance(60_000)
        (lease,) = self.call(self.store.claim(request(nonce=str(self.clock.now_ms)))).leases
        self.call(self.store.renew(30_000, [Renewal("a", lease.token, self.clock.now_ms)]))
        return lease

    def ack(self) -> None:
        self.call(self.store.ack([Ack("a", self.claim().token, 1_000, b"digest-aend")]))

    def retry(self) -> None:
        self.call(self.store.retry([FailedAttempt("a", self.claim().token, 1_000, b"boom")]))

    def bury(self) -> None:
        self.call(self.store.bury([Bury("a", self.claim().token, b"boom")]))

    def release(self) -> None:
        self.call(self.store.release([Release("a", self.claim().token, 1_000)]))

    def expire(self) -> None:
        self.claim()
        self.clock.advance(60_000)
        self.call(self.store.reap(REAP))

    def die_with_its_worker(self) -> None:
        self.call(self.store.recover(WORKER, 2, b"crashed", [Orphan("a", self.claim().token, 1)]))

    def cancel(self) -> None:
        self.call(self.store.cancel(1_000, [("a", b"cancelled")]))

    def cancel_while_leased(self) -> None:
        lease = self.claim()
        self.cancel()
        self.call(self.store.release([Release("a", lease.token, 0)]))

    def revive(self) -> None:
        self.call(self.store.revive(["a"]))


LIVES: dict[str, list[Callable[[Life], None]]] = {
    "succeeds": [Life.ack],
    "fails, is released, crashes and succeeds": [Life.retry, Life.release, Life.expire, Life.ack],
    "is buried": [Life.retry, Life.bury],
    "is quarantined by the reaper": [Life.expire, Life.expire],
    "is quarantined by the supervisor": [Life.die_with_its_worker, Life.die_with_its_worker],
    "is buried, revived and succeeds": [Life.bury, Life.revive, Life.ack],
    "is cancelled while it waits": [Life.retry, Life.cancel],
    "is cancelled while it is leased": [Life.retry, Life.cancel_while_leased],
}


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES.keys())
def test_nothing_is_left_of_a_task_that(
    empty_queue: QueueUnderTest, clock: ServerTime, life: list[Callable[[Life], None]]
) -> None:
    one = Life(empty_queue, clock)
    for step in life:
        step(one)
        assert empty_queue.call(empty_queue.store.forget(FORGETTING)).tasks == 0, "it is too early to forget it"

    clock.advance(DAY_MS)
    assert empty_queue.call(empty_queue.store.forget(FORGETTING)).tasks == 1
    empty_queue.call(empty_queue.store.reap(REAP))

    assert empty_queue.situation().keys() <= LASTING
