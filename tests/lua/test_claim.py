"""claim: WAITING -> LEASED. What is claimed, under which token, and who is woken; test_claim_order.py has the order."""

import pytest

from redisched.model import BAND
from redisched.store.values import Ack, Claim, Lease, Release, Status
from tests.lua.queue import FAR_MS, QueueUnderTest, request
from tests.lua.situation import (
    AWAKE,
    DUE_MS,
    LEASE_ENDS_MS,
    WORKER,
    Situation,
    claimed,
    dead,
    ended,
    leased,
    record_of,
    together,
    waiting,
)
from tests.server_time import NOW_MS, ServerTime

NOW_US = NOW_MS * 1_000


def lease(id: str, token: int = NOW_US, *, priority: int = 5, run_at_ms: int = DUE_MS) -> Lease:
    return Lease(id, token, priority * BAND + run_at_ms, 0, 0, 0, record_of(id).encode())


def fence(token: int) -> Situation:
    return {"fence": str(token)}


def test_a_due_task_is_leased_under_a_new_token(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(waiting("a"))

    answer = empty_queue.call(empty_queue.store.claim(request()))

    assert answer == Claim(NOW_US, None, [lease("a")])
    assert empty_queue.situation() == together(
        leased("a", token=NOW_US, ends_ms=LEASE_ENDS_MS), claimed(WORKER, "nonce", NOW_US, "a"), fence(NOW_US)
    )


def test_the_lease_has_the_earlier_attempts_crashes_and_redeliveries(queue: QueueUnderTest) -> None:
    queue.given(waiting("a", tries="4 1 2 3", failure="boom"))

    (found,) = queue.call(queue.store.claim(request())).leases

    assert (found.attempts, found.crashes, found.redeliveries) == (4, 1, 2)
    assert queue.situation()["tries"] == {"a": "4 1 2 3"}


def test_a_task_without_its_record_is_claimed(queue: QueueUnderTest) -> None:
    """The worker then ends it with an error. If it were not claimed, every later claim would find it first."""
    queue.given({"waiting": {"a": DUE_MS}})

    (found,) = queue.call(queue.store.claim(request())).leases

    assert found.record == b""


def test_all_tasks_of_one_claim_have_one_token_and_one_expiry(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), waiting("b", priority=9))

    queue.call(queue.store.claim(request(worker="w:1", nonce="n2", lease_ms=500)))

    assert queue.situation() == together(
        leased("a", token=NOW_US, worker="w:1", ends_ms=NOW_MS + 500),
        leased("b", token=NOW_US, worker="w:1", ends_ms=NOW_MS + 500, priority=9),
        claimed("w:1", "n2", NOW_US, "a", "b"),
        fence(NOW_US),
    )


def test_only_the_latest_claim_of_a_worker_is_stored(queue: QueueUnderTest) -> None:
    for nonce in ("n1", "n2"):
        queue.given(waiting(nonce))
        queue.call(queue.store.claim(request(nonce)))

    assert queue.situation()["claims"] == {WORKER: f"n2 {NOW_US + 1} n2"}


@pytest.mark.parametrize("last", [NOW_US, NOW_US + 86_400_000_000])
def test_the_token_grows_even_if_the_last_one_is_ahead_of_the_clock(queue: QueueUnderTest, last: int) -> None:
    """Two claims in one microsecond, or a failover to a server whose clock is behind."""
    queue.given(waiting("a"), fence(last))

    (found,) = queue.call(queue.store.claim(request())).leases

    assert found.token == last + 1
    assert queue.situation()["fence"] == str(last + 1)


def test_the_token_is_the_time_if_the_last_one_is_smaller(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), fence(NOW_US - 9))

    (found,) = queue.call(queue.store.claim(request())).leases

    assert found.token == NOW_US


@pytest.mark.parametrize("written", ["", "none", "nan", "-inf", "inf", "-7", "1e300", "9" * 40])
def test_a_stored_fence_that_is_not_a_token_is_replaced(queue: QueueUnderTest, written: str) -> None:
    queue.given(waiting("a"), waiting("b"), {"fence": written})

    tokens = [queue.call(queue.store.claim(request(nonce, limit=1))).leases[0].token for nonce in ("n1", "n2")]

    assert tokens == [NOW_US, NOW_US + 1]


def test_a_claim_of_an_empty_queue_writes_nothing_and_removes_the_wake_up(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(AWAKE)

    assert empty_queue.call(empty_queue.store.claim(request())) == Claim(NOW_US, None, [])

    assert empty_queue.situation() == {}


def test_if_nothing_is_due_the_last_claim_and_the_wake_up_are_removed(queue: QueueUnderTest) -> None:
    tasks = together(waiting("a", run_at_ms=NOW_MS + 1), ended("b"), dead("c"), leased("d", worker="another"))
    queue.given(tasks, claimed(WORKER, "earlier", 3, "b"), AWAKE)

    assert queue.call(queue.store.claim(request())) == Claim(NOW_US, NOW_MS + 1, [])

    assert queue.situation() == tasks


def test_a_claim_that_leaves_due_tasks_wakes_another_worker(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), waiting("b"))

    assert queue.call(queue.store.claim(request(limit=1))).next_due_ms == NOW_MS

    assert queue.situation()["wake"] == ["1"]


def test_a_claim_of_no_tasks_reports_due_tasks_and_keeps_the_wake_up(queue: QueueUnderTest) -> None:
    tasks = together(waiting("a"), AWAKE)
    queue.given(tasks)

    assert queue.call(queue.store.claim(request(limit=0))) == Claim(NOW_US, NOW_MS, [])

    assert queue.situation() == tasks


def test_a_claim_of_all_due_tasks_wakes_nobody(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"))

    assert queue.call(queue.store.claim(request())).next_due_ms == FAR_MS

    assert "wake" not in queue.situation()


def test_the_same_nonce_is_answered_with_the_same_tasks(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(waiting("a", priority=0, tries="1 0 0 3"), waiting("b"))
    first = queue.call(queue.store.claim(request(limit=2)))
    situation = queue.situation()
    queue.given(waiting("c", priority=0))
    clock.advance(5_000)

    again = queue.call(queue.store.claim(request(limit=2)))

    assert again.leases == first.leases
    assert again.next_due_ms == clock.now_ms, "the repeated answer does not look for due tasks, so it says: ask again"
    assert queue.situation() == together(situation, waiting("c", priority=0))


def test_the_same_nonce_gives_only_tasks_that_are_still_leased(queue: QueueUnderTest) -> None:
    queue.given(*(waiting(id) for id in "abcd"))
    for held in queue.call(queue.store.claim(request())).leases:
        if held.id == "a":
            queue.call(queue.store.ack([Ack("a", held.token, 1_000, b"digest-aend")]))
        if held.id in "bc":
            queue.call(queue.store.release([Release(held.id, held.token, 0)]))
    queue.call(queue.store.claim(request("another", worker="another", limit=1)))

    assert [found.id for found in queue.call(queue.store.claim(request())).leases] == ["d"]


def test_the_same_nonce_gives_no_new_tasks_after_all_are_settled(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"))
    (held,) = queue.call(queue.store.claim(request())).leases
    queue.call(queue.store.ack([Ack("a", held.token, 1_000, b"digest-aend of a")]))
    queue.given(waiting("b"))

    answer = queue.call(queue.store.claim(request()))

    assert answer == Claim(NOW_US, NOW_MS, []), "it is told to ask again, under a new nonce"
    assert queue.situation() == together(ended("a", token=held.token), waiting("b"), fence(held.token))


@pytest.mark.parametrize("other", ["nonc", "nonce2", "Nonce"])
def test_a_similar_nonce_is_another_claim(queue: QueueUnderTest, other: str) -> None:
    queue.given(waiting("a"))
    queue.call(queue.store.claim(request("nonce")))
    queue.given(waiting("b"))

    assert [found.id for found in queue.call(queue.store.claim(request(other))).leases] == ["b"]


def test_the_same_nonce_of_another_worker_is_another_claim(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"))
    queue.call(queue.store.claim(request()))

    assert queue.call(queue.store.claim(request(worker="worker-2"))).leases == []


def test_a_claim_may_be_larger_than_what_lua_can_unpack_at_once(queue: QueueUnderTest) -> None:
    ids = [f"a{number:04}" for number in range(2_001)]
    queue.given(*(waiting(id) for id in ids))

    leases = queue.call(queue.store.claim(request(limit=2_001))).leases

    assert [found.id for found in leases] == ids
    assert [found.record.decode() for found in leases] == [record_of(id) for id in ids]
    assert queue.call(queue.store.claim(request(limit=2_001))).leases == leases
    acks = [Ack(found.id, found.token, 0, b"digest-aend") for found in leases]
    assert queue.call(queue.store.ack(acks)) == [Status.ACKED] * 2_001


def test_a_request_that_arrives_after_a_later_one_leases_nothing(queue: QueueUnderTest) -> None:
    """Its reply is not expected any more, and the stored later claim must not be replaced."""
    queue.given(waiting("a"), waiting("b"))
    later = queue.call(queue.store.claim(request("9", limit=1)))
    before = queue.situation()

    assert queue.call(queue.store.claim(request("8", limit=1))) == Claim(NOW_US, None, [])

    assert queue.situation() == before
    assert queue.call(queue.store.claim(request("9", limit=1))).leases == later.leases
    assert [lease.id for lease in queue.call(queue.store.claim(request("10", limit=1))).leases] == ["b"]


def test_numbers_of_different_claim_streams_are_not_compared(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), waiting("b"))
    queue.call(queue.store.claim(request("9", limit=1)))

    assert queue.call(queue.store.claim(request("wake.8", limit=1))).leases
