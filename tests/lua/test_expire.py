"""expire: WAITING -> EXPIRED, by the reaper or by a claim that finds it. A task that has started does not expire."""

import pytest

from redisched.store.values import (
    Bury,
    Expired,
    ExpireRequest,
    FailedAttempt,
    NewTask,
    Orphan,
    Release,
    Status,
)
from tests.lua.queue import QueueUnderTest, request
from tests.lua.reaping import reaper
from tests.lua.reaping import request as reap
from tests.lua.situation import (
    AWAKE,
    TOKEN,
    Situation,
    cancelled,
    cancelling,
    dead,
    expired,
    expiring,
    leased,
    together,
    waiting,
)
from tests.server_time import NOW_MS

LEASE_MS = 30_000
FORMAT: Situation = {"format": "2"}


def expire(queue: QueueUnderTest, limit: int = 10) -> Expired:
    return queue.call(queue.store.expire(ExpireRequest(limit=limit, lease_ms=LEASE_MS)))


@pytest.mark.parametrize("run_at_ms", [NOW_MS - 5_000, NOW_MS + 60_000])
def test_a_task_that_no_worker_started_in_time_ends_as_expired(queue: QueueUnderTest, run_at_ms: int) -> None:
    queue.given(waiting("a", run_at_ms=run_at_ms, tries="0 1 2 0"), expiring("a", expires_ms=NOW_MS))

    assert expire(queue) == Expired(1, 1)
    assert expire(queue) == Expired(0, 0)

    assert queue.situation() == together(expired("a"), FORMAT)


def test_a_task_that_has_not_expired_is_not_changed(queue: QueueUnderTest) -> None:
    before = together(waiting("a"), expiring("a", expires_ms=NOW_MS + 1))
    queue.given(before)

    assert expire(queue) == Expired(0, 0)

    assert queue.situation() == before


def test_a_leased_task_is_checked_again_after_its_lease(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), expiring("a", expires_ms=NOW_MS - 1))

    assert expire(queue) == Expired(0, 1)

    assert queue.situation() == together(leased("a"), expiring("a", expires_ms=NOW_MS - 1, looked_ms=NOW_MS + LEASE_MS))


def test_a_dead_task_is_not_checked_again(queue: QueueUnderTest) -> None:
    queue.given(dead("a"), expiring("a", expires_ms=NOW_MS - 1))

    assert expire(queue) == Expired(0, 1)

    assert "expiring" not in queue.situation()
    assert queue.situation()["dead"] == {"a": NOW_MS}


def test_at_most_limit_tasks_are_checked_the_earliest_first(queue: QueueUnderTest) -> None:
    queue.given(*(together(waiting(id), expiring(id, expires_ms=NOW_MS - at)) for at, id in enumerate("abc")))

    assert expire(queue, limit=2) == Expired(2, 2)

    assert queue.situation()["waiting"].keys() == {"a"}


def test_an_outcome_with_the_default_retention_is_marked_as_such(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS, retention_ms=-1_000))

    expire(queue)

    assert queue.situation()["finished"]["a"] < 0


def test_a_claim_ends_expired_tasks_and_leases_the_next(queue: QueueUnderTest) -> None:
    queue.given(waiting("a", priority=0), expiring("a", expires_ms=NOW_MS), waiting("b"))

    claim = queue.call(queue.store.claim(request(limit=1)))

    assert [lease.id for lease in claim.leases] == ["b"]
    assert queue.situation()["outcomes"] == expired("a")["outcomes"]
    assert claim.next_due_ms != NOW_MS


def test_a_claim_leases_a_task_that_expires_a_millisecond_later(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS + 1))

    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["a"]
    assert queue.situation()["expiring"] == {"a": NOW_MS + 1}


def test_a_claim_that_ended_many_expired_tasks_reports_more_due_ones(queue: QueueUnderTest) -> None:
    many = [NewTask(f"t{number:03}", 0, "@1", b"digest-t", b"expires=@2 1000 digest-tend") for number in range(300)]
    queue.call(queue.store.enqueue([*many, NewTask("z", 5, "@1", b"digest-z")]))

    claim = queue.call(queue.store.claim(request("n1", limit=100)))
    assert (claim.leases, claim.next_due_ms) == ([], NOW_MS)
    assert len(queue.situation()["outcomes"]) == 200

    assert [lease.id for lease in queue.call(queue.store.claim(request("n2", limit=100))).leases] == ["z"]


def test_a_task_without_traits_does_not_change_the_format(queue: QueueUnderTest) -> None:
    queue.call(queue.store.enqueue([NewTask("a", 5, "+0", b"digest-a")]))

    assert not {"format", "traits", "expiring"} & queue.situation().keys()


def test_a_delay_until_expiry_counts_from_the_servers_time(queue: QueueUnderTest) -> None:
    ending = b" -500 digest-aend"
    tasks = [
        NewTask("a", 5, "+0", b"digest-a", b"expires=+250" + ending),
        NewTask("b", 5, "+60000", b"digest-b", b"expires=@7" + ending),
    ]

    assert queue.call(queue.store.enqueue(tasks)) == [Status.CREATED] * 2

    found = queue.situation()
    assert found["traits"] == {
        "a": f"expires={NOW_MS + 250} -500 digest-aend",
        "b": "expires=7 -500 digest-aend",
    }
    assert (found["expiring"], found["format"]) == ({"a": NOW_MS + 250, "b": 7}, "2")


def test_a_repeated_enqueue_does_not_move_the_expiry(queue: QueueUnderTest) -> None:
    for delay in (b"+250", b"+900"):
        queue.call(queue.store.enqueue([NewTask("a", 5, "+0", b"digest-a", b"expires=" + delay + b" 1 digest-aend")]))

    assert queue.situation()["expiring"] == {"a": NOW_MS + 250}


def test_a_task_that_has_started_does_not_expire(queue: QueueUnderTest) -> None:
    queue.given(
        *(together(leased(id, started_ms=NOW_MS - 9, ends_ms=1), expiring(id, expires_ms=NOW_MS)) for id in "abc"),
        leased("e"),
        expiring("e", expires_ms=NOW_MS),
        dead("d"),
        expiring("d", expires_ms=NOW_MS),
        reaper(),
    )

    queue.call(queue.store.retry([FailedAttempt("a", TOKEN, 0, b"boom")]))
    queue.call(queue.store.recover("", 3, b"crashed", [Orphan("b", TOKEN, 1)]))
    queue.call(queue.store.reap(reap()))
    queue.call(queue.store.revive(["d"]))
    queue.call(queue.store.release([Release("e", TOKEN, 0, started=1)]))

    assert not {"traits", "expiring"} & queue.situation().keys()
    assert queue.situation()["waiting"].keys() == {"a", "b", "c", "d", "e"}


def test_a_task_that_came_back_unstarted_still_expires(queue: QueueUnderTest) -> None:
    queue.given(*(together(leased(id, ends_ms=1), expiring(id, expires_ms=NOW_MS)) for id in "abc"), reaper())

    queue.call(queue.store.release([Release("a", TOKEN, 0)]))
    queue.call(queue.store.recover("", 3, b"crashed", [Orphan("b", TOKEN, 0)]))
    reaped = queue.call(queue.store.reap(reap()))

    assert reaped.expiring_ms == NOW_MS
    assert expire(queue) == Expired(3, 3)


def test_the_expiry_is_deleted_with_the_task(queue: QueueUnderTest) -> None:
    queue.given(
        waiting("a"),
        leased("b"),
        cancelling("b"),
        leased("c"),
        *(expiring(id, expires_ms=NOW_MS) for id in "abc"),
    )

    queue.call(queue.store.cancel(1_000, [("a", b"cancelled")]))
    queue.call(queue.store.release([Release("b", TOKEN, 0)]))
    queue.call(queue.store.bury([Bury("c", TOKEN, b"boom")]))

    found = queue.situation()
    assert found["outcomes"] == together(cancelled("a"), cancelled("b"))["outcomes"]
    assert found["traits"].keys() == {"c"}


def test_expire_leaves_the_wake_up(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS), AWAKE)

    expire(queue)

    assert queue.situation()["wake"] == ["1"]
