"""reap, after the server's clock was set back: leases, holds and graces last no longer than if they began now."""

from redisched.store.values import ReapOutcome, Status
from tests.lua.queue import FAR_MS, QueueUnderTest
from tests.lua.reaping import GRACE_MS, LEASE_MS, expired, reaper, request
from tests.lua.situation import leased, together
from tests.server_time import NOW_MS, ServerTime


def test_after_the_clock_was_set_back_no_lease_lasts_longer_than_a_new_one(
    empty_queue: QueueUnderTest, clock: ServerTime
) -> None:
    sound = leased("sound", ends_ms=NOW_MS + LEASE_MS)
    empty_queue.given(sound, leased("old", ends_ms=NOW_MS + LEASE_MS + 1), reaper("gone", NOW_MS, 0, LEASE_MS))

    empty_queue.call(empty_queue.store.reap(request(lease_ms=1_000)))

    old = leased("old", ends_ms=NOW_MS + LEASE_MS)
    assert empty_queue.situation() == together(sound, old, reaper(longest_ms=LEASE_MS))
    clock.advance(LEASE_MS)
    empty_queue.given(reaper(until_ms=clock.now_ms))
    assert len(empty_queue.call(empty_queue.store.reap(request())).tasks) == 2


def test_at_most_limit_leases_are_shortened_at_once(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(*(leased(id, ends_ms=FAR_MS) for id in "abc"), reaper(longest_ms=LEASE_MS))
    asked = request(limit=2, lease_ms=LEASE_MS)

    left = []
    for _ in range(2):
        empty_queue.call(empty_queue.store.reap(asked))
        left.append(sum(ends_ms == FAR_MS for ends_ms in empty_queue.situation()["leases"].values()))

    assert left == [1, 0]


def test_leases_are_shortened_during_a_grace_too(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(leased("a", ends_ms=FAR_MS))

    answer = empty_queue.call(empty_queue.store.reap(request(lease_ms=LEASE_MS)))

    assert answer.outcome is ReapOutcome.GRACE
    assert empty_queue.situation()["leases"] == {"a": NOW_MS + LEASE_MS}


def test_after_the_clock_was_set_back_nobody_waits_for_the_old_reaper(queue: QueueUnderTest, clock: ServerTime) -> None:
    """It is not known for how long nobody reaped, so live workers have time to renew first."""
    queue.given(expired("a"), reaper("gone", until_ms=FAR_MS + 1))

    answer = queue.call(queue.store.reap(request()))

    assert (answer.outcome, answer.until_ms) == (ReapOutcome.GRACE, NOW_MS + GRACE_MS)
    clock.advance(GRACE_MS)
    queue.given(reaper(until_ms=clock.now_ms))
    assert queue.call(queue.store.reap(request())).tasks == [("a", Status.RECOVERED)]


def test_after_the_clock_was_set_back_no_grace_lasts_longer_than_a_new_one(queue: QueueUnderTest) -> None:
    queue.given(reaper(grace_ends_ms=NOW_MS + GRACE_MS + 1))

    assert queue.call(queue.store.reap(request())).until_ms == NOW_MS + GRACE_MS

    assert queue.situation() == reaper(grace_ends_ms=NOW_MS + GRACE_MS)


def test_a_worker_with_longer_leases_tells_the_reaper_their_length(queue: QueueUnderTest) -> None:
    queue.given(reaper(until_ms=NOW_MS + 1, grace_ends_ms=5, longest_ms=1_000))

    assert queue.call(queue.store.reap(request("reaper-2", lease_ms=2_000))).outcome is ReapOutcome.BUSY
    assert queue.situation() == reaper(until_ms=NOW_MS + 1, grace_ends_ms=5, longest_ms=2_000)

    assert queue.call(queue.store.reap(request("reaper-3", lease_ms=1_999))).outcome is ReapOutcome.BUSY
    assert queue.situation() == reaper(until_ms=NOW_MS + 1, grace_ends_ms=5, longest_ms=2_000)
