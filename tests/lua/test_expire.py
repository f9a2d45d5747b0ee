"""expire: WAITING -> EXPIRED, by the reaper and by the claim that meets it; what has started expires no more."""

import pytest

from redisched.store.values import (
    Bury,
    Expired,
    ExpireRequest,
    NewTask,
    Orphan,
    Release,
    Retry,
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
def test_what_nobody_started_in_time_has_ended(queue: QueueUnderTest, run_at_ms: int) -> None:
    queue.given(waiting("a", run_at_ms=run_at_ms, tries="0 1 2 0"), expiring("a", expires_ms=NOW_MS))

    assert expire(queue) == Expired(1, 1)
    assert expire(queue) == Expired(0, 0)

    assert queue.situation() == together(expired("a"), FORMAT)


def test_what_has_time_left_is_left_alone(queue: QueueUnderTest) -> None:
    before = together(waiting("a"), expiring("a", expires_ms=NOW_MS + 1))
    queue.given(before)

    assert expire(queue) == Expired(0, 0)

    assert queue.situation() == before


def test_what_a_worker_holds_is_looked_at_again_when_it_may_have_come_back(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), expiring("a", expires_ms=NOW_MS - 1))

    assert expire(queue) == Expired(0, 1)

    assert queue.situation() == together(leased("a"), expiring("a", expires_ms=NOW_MS - 1, looked_ms=NOW_MS + LEASE_MS))


def test_what_died_is_not_looked_at_again(queue: QueueUnderTest) -> None:
    queue.given(dead("a"), expiring("a", expires_ms=NOW_MS - 1))

    assert expire(queue) == Expired(0, 1)

    assert "expiring" not in queue.situation()
    assert queue.situation()["dead"] == {"a": NOW_MS}


def test_no_more_are_looked_at_than_asked_for_the_earliest_first(queue: QueueUnderTest) -> None:
    queue.given(*(together(waiting(id), expiring(id, expires_ms=NOW_MS - at)) for at, id in enumerate("abc")))

    assert expire(queue, limit=2) == Expired(2, 2)

    assert queue.situation()["waiting"].keys() == {"a"}


def test_an_outcome_that_may_go_sooner_is_kept_as_such(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS, retention_ms=-1_000))

    expire(queue)

    assert queue.situation()["finished"]["a"] < 0


def test_a_claim_ends_what_has_expired_and_takes_what_comes_after(queue: QueueUnderTest) -> None:
    queue.given(waiting("a", priority=0), expiring("a", expires_ms=NOW_MS), waiting("b"))

    claim = queue.call(queue.store.claim(request(limit=1)))

    assert [lease.id for lease in claim.leases] == ["b"]
    assert queue.situation()["outcomes"] == expired("a")["outcomes"]
    assert claim.next_due_ms != NOW_MS


def test_a_claim_takes_what_expires_a_millisecond_later(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS + 1))

    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["a"]
    assert queue.situation()["expiring"] == {"a": NOW_MS + 1}


def test_a_claim_that_met_very_many_says_that_there_is_more(queue: QueueUnderTest) -> None:
    many = [NewTask(f"t{number:03}", 0, "@1", b"digest-t", b"expires=@2 1000 digest-tend") for number in range(300)]
    queue.call(queue.store.enqueue([*many, NewTask("z", 5, "@1", b"digest-z")]))

    claim = queue.call(queue.store.claim(request("n1", limit=100)))
    assert (claim.leases, claim.next_due_ms) == ([], NOW_MS)
    assert len(queue.situation()["outcomes"]) == 200

    assert [lease.id for lease in queue.call(queue.store.claim(request("n2", limit=100))).leases] == ["z"]


def test_a_plain_task_leaves_the_format_as_it_is(queue: QueueUnderTest) -> None:
    queue.call(queue.store.enqueue([NewTask("a", 5, "+0", b"digest-a")]))

    assert not {"format", "traits", "expiring"} & queue.situation().keys()


def test_the_moment_is_reckoned_from_the_servers_time(queue: QueueUnderTest) -> None:
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


def test_another_call_changes_no_moment(queue: QueueUnderTest) -> None:
    for delay in (b"+250", b"+900"):
        queue.call(queue.store.enqueue([NewTask("a", 5, "+0", b"digest-a", b"expires=" + delay + b" 1 digest-aend")]))

    assert queue.situation()["expiring"] == {"a": NOW_MS + 250}


def test_what_has_started_expires_no_more(queue: QueueUnderTest) -> None:
    queue.given(
        *(together(leased(id, started_ms=NOW_MS - 9, ends_ms=1), expiring(id, expires_ms=NOW_MS)) for id in "abc"),
        dead("d"),
        expiring("d", expires_ms=NOW_MS),
        reaper(),
    )

    queue.call(queue.store.retry([Retry("a", TOKEN, 0, b"boom")]))
    queue.call(queue.store.recover("", 3, b"crashed", [Orphan("b", TOKEN, 1)]))
    queue.call(queue.store.reap(reap()))
    queue.call(queue.store.revive(["d"]))

    assert not {"traits", "expiring"} & queue.situation().keys()
    assert queue.situation()["waiting"].keys() == {"a", "b", "c", "d"}


def test_what_came_back_without_a_start_still_expires(queue: QueueUnderTest) -> None:
    queue.given(*(together(leased(id, ends_ms=1), expiring(id, expires_ms=NOW_MS)) for id in "abc"), reaper())

    queue.call(queue.store.release([Release("a", TOKEN, 0)]))
    queue.call(queue.store.recover("", 3, b"crashed", [Orphan("b", TOKEN, 0)]))
    reaped = queue.call(queue.store.reap(reap()))

    assert reaped.expiring_ms == NOW_MS
    assert expire(queue) == Expired(3, 3)


def test_its_expiry_goes_with_the_task(queue: QueueUnderTest) -> None:
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


def test_a_call_that_wakes_nobody_ends_nothing_else(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS), AWAKE)

    expire(queue)

    assert queue.situation()["wake"] == ["1"]
