"""reap: LEASED -> WAITING|DEAD|CANCELLED, when a lease has ended."""

import pytest

from redisched.errors import ShardMapDamaged
from redisched.shard_map import ShardMap
from redisched.store.values import Reaped, ReapOutcome, Status
from tests.lua.queue import FAR_MS, QueueUnderTest
from tests.lua.reaping import GRACE_MS, HOLD_MS, LEASE_MS, REAPER, expired, reaper, request
from tests.lua.situation import (
    AWAKE,
    DUE_MS,
    TOKEN,
    WORKER,
    cancelled,
    cancelling,
    claimed,
    dead,
    death,
    leased,
    together,
    waiting,
)
from tests.server_time import NOW_MS, ServerTime


@pytest.fixture
def queue(queue: QueueUnderTest) -> QueueUnderTest:
    """A queue whose last reaper was lost just now."""
    queue.given(reaper("gone", until_ms=NOW_MS))
    return queue


def test_without_expired_leases_only_the_reaper_is_stored(queue: QueueUnderTest) -> None:
    assert queue.call(queue.store.reap(request())) == Reaped(ReapOutcome.REAPED, NOW_MS, FAR_MS, [])

    assert queue.situation() == reaper()


def test_without_any_lease_all_stored_claims_are_deleted(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(claimed("gone", "nonce", TOKEN, "a"))

    assert empty_queue.call(empty_queue.store.reap(request())) == Reaped(ReapOutcome.REAPED, NOW_MS, None, [])

    assert empty_queue.situation() == reaper()


def test_an_expired_task_waits_again_in_its_own_place(queue: QueueUnderTest) -> None:
    queue.given(expired("a", started_ms=DUE_MS, priority=200))

    answer = queue.call(queue.store.reap(request()))

    assert answer == Reaped(ReapOutcome.REAPED, NOW_MS, FAR_MS, [("a", Status.RECOVERED)])
    assert queue.situation() == together(
        waiting("a", priority=200, tries="0 1 0 0", failure=death(started_ms=DUE_MS)), AWAKE, reaper()
    )


@pytest.mark.parametrize(("age_ms", "kept"), [(LEASE_MS, False), (LEASE_MS - 1, True)])
def test_a_claim_that_its_worker_may_repeat_is_kept(empty_queue: QueueUnderTest, age_ms: int, kept: bool) -> None:
    """The worker may be alive, even if it never heard of this lease."""
    claim = claimed(WORKER, "nonce", 1_000 * (NOW_MS - age_ms), "b")
    before = reaper("gone", until_ms=NOW_MS, longest_ms=LEASE_MS)
    empty_queue.given(expired("a"), leased("b", ends_ms=NOW_MS + 1), claim, before)

    empty_queue.call(empty_queue.store.reap(request(lease_ms=LEASE_MS)))

    assert empty_queue.situation().get("claims") == (claim["claims"] if kept else None)


def test_claims_of_lost_workers_are_deleted_while_others_work(empty_queue: QueueUnderTest) -> None:
    old, later = 1_000 * (NOW_MS - LEASE_MS), 1_000 * (NOW_MS - LEASE_MS + 1)
    gone = [claimed(worker, "nonce", old, "x") for worker in ("w1", "w1 wake", "w2")]
    lives = claimed("w3", "nonce", later, "b")
    empty_queue.given(leased("b", ends_ms=NOW_MS + 1), *gone, lives)
    empty_queue.given(reaper("gone", until_ms=NOW_MS, longest_ms=LEASE_MS))

    empty_queue.call(empty_queue.store.reap(request(lease_ms=LEASE_MS)))

    assert empty_queue.situation()["claims"] == lives["claims"]


def test_a_lease_that_has_not_expired_is_left_alone(queue: QueueUnderTest) -> None:
    task = leased("a", ends_ms=NOW_MS + 1)
    queue.given(task)

    assert queue.call(queue.store.reap(request())).until_ms == NOW_MS + 1

    assert queue.situation() == together(task, reaper())


@pytest.mark.parametrize(
    ("started_ms", "before", "after"),
    [
        (DUE_MS, None, "0 1 0 0"),
        (DUE_MS, "2 1 3 6", "2 2 3 6"),
        (0, None, "0 1 0 0"),
        (0, "2 0 3 6", "2 1 3 6"),
        (0, "2 1 3 6", "2 1 3 6"),
    ],
    ids=[
        "started: counts",
        "started again: counts again",
        "not started: a suspect",
        "not started, without a crash so far: a suspect",
        "not started, and a suspect already: does not count",
    ],
)
def test_which_reaped_tasks_count_a_crash(
    queue: QueueUnderTest, started_ms: int, before: str | None, after: str
) -> None:
    queue.given(expired("a", started_ms=started_ms, tries=before))

    queue.call(queue.store.reap(request()))

    assert queue.situation()["tries"] == {"a": after}


def test_after_too_many_crashes_it_is_quarantined(queue: QueueUnderTest) -> None:
    queue.given(expired("a", started_ms=DUE_MS, tries="1 2 0 6"))

    assert queue.call(queue.store.reap(request(crash_limit=3))).tasks == [("a", Status.QUARANTINED)]

    assert queue.situation() == together(
        dead("a", tries="1 3 0 6", failure="crashed" + death(started_ms=DUE_MS)), reaper()
    )


def test_a_task_that_had_not_started_is_never_quarantined(queue: QueueUnderTest) -> None:
    queue.given(expired("a"), expired("b", started_ms=DUE_MS))

    tasks = queue.call(queue.store.reap(request(crash_limit=1))).tasks

    assert dict(tasks) == {"a": Status.RECOVERED, "b": Status.QUARANTINED}


def test_a_requested_cancellation_ends_the_task(queue: QueueUnderTest) -> None:
    queue.given(expired("a", started_ms=DUE_MS, tries="1 2 0 6"), cancelling("a"))

    assert queue.call(queue.store.reap(request())).tasks == [("a", Status.CANCELLED)]

    assert queue.situation() == together(cancelled("a"), reaper())


def test_a_lease_without_a_holder_is_removed_and_not_reported(queue: QueueUnderTest) -> None:
    queue.given({"leases": {"a": NOW_MS}}, expired("b"))

    assert queue.call(queue.store.reap(request())).tasks == [("b", Status.RECOVERED)]

    assert queue.situation() == together(waiting("b", tries="0 1 0 0"), AWAKE, reaper())


def test_a_repeated_call_finds_nothing(queue: QueueUnderTest) -> None:
    queue.given(expired("a"))
    queue.call(queue.store.reap(request()))
    first = queue.situation()

    assert queue.call(queue.store.reap(request())).tasks == []

    assert queue.situation() == first


def test_the_longest_expired_are_reaped_first_and_more_are_reported(queue: QueueUnderTest) -> None:
    for number, id in enumerate("cab"):
        queue.given(leased(id, ends_ms=NOW_MS - 10 + number))

    answer = queue.call(queue.store.reap(request(limit=2)))

    assert [id for id, _ in answer.tasks] == ["c", "a"]
    assert answer.until_ms == NOW_MS - 8
    assert queue.situation()["held"].keys() == {"b"}


def test_while_one_worker_reaps_another_is_answered_busy(queue: QueueUnderTest) -> None:
    situation = together(expired("a"), reaper(until_ms=NOW_MS + 1, grace_ends_ms=5))
    queue.given(situation)

    answer = queue.call(queue.store.reap(request("reaper-2")))

    assert answer == Reaped(ReapOutcome.BUSY, NOW_MS, NOW_MS + 1, [])
    assert queue.situation() == situation


def test_the_reaper_continues_to_reap(queue: QueueUnderTest) -> None:
    queue.given(expired("a"), reaper(until_ms=NOW_MS + 1))

    assert queue.call(queue.store.reap(request())).outcome is ReapOutcome.REAPED

    assert queue.situation()["reaper"] == reaper()["reaper"]


def test_another_worker_takes_over_from_a_lost_reaper(queue: QueueUnderTest) -> None:
    queue.given(expired("a"))

    assert queue.call(queue.store.reap(request())).tasks == [("a", Status.RECOVERED)]

    assert queue.situation()["reaper"] == reaper()["reaper"]


@pytest.mark.parametrize("worker", [REAPER, "reaper-2"])
@pytest.mark.parametrize(("paused_ms", "outcome"), [(HOLD_MS, ReapOutcome.REAPED), (HOLD_MS + 1, ReapOutcome.GRACE)])
def test_after_a_pause_live_workers_have_time_to_renew(
    queue: QueueUnderTest, worker: str, paused_ms: int, outcome: ReapOutcome
) -> None:
    queue.given(expired("a"), reaper(until_ms=NOW_MS - paused_ms))

    assert queue.call(queue.store.reap(request(worker))).outcome is outcome


@pytest.mark.parametrize("worker", [REAPER, "reaper-2"])
@pytest.mark.parametrize(
    ("paused_ms", "rest_ms", "then_rests_ms"),
    [
        pytest.param(2 * HOLD_MS, 29_000, 19_000, id="no pause"),
        pytest.param(2 * HOLD_MS, 1, None, id="no pause, and the grace is over"),
        pytest.param(2 * HOLD_MS + 1, 29_000, 29_000, id="longer by the pause"),
        pytest.param(2 * HOLD_MS + 1, 1, LEASE_MS // 4, id="over, but lease renewers get another round"),
        pytest.param(LEASE_MS // 4 + HOLD_MS, 19_000, 19_000, id="as long as a short pause can be"),
        pytest.param(LEASE_MS // 4 + HOLD_MS + 1, 1, GRACE_MS, id="renewed leases may have ended"),
        pytest.param(2 * HOLD_MS + 1, 0, GRACE_MS, id="there was no grace"),
        pytest.param(2 * HOLD_MS + 1, GRACE_MS + 1, GRACE_MS, id="a grace is never longer than one from now"),
    ],
)
def test_a_short_pause_extends_a_grace_and_does_not_restart_it(
    queue: QueueUnderTest, worker: str, paused_ms: int, rest_ms: int, then_rests_ms: int | None
) -> None:
    reaped_ms = NOW_MS - paused_ms
    queue.given(expired("a"), reaper(until_ms=reaped_ms + HOLD_MS, grace_ends_ms=reaped_ms + rest_ms))

    answer = queue.call(queue.store.reap(request(worker, lease_ms=LEASE_MS // 2)))

    if then_rests_ms is None:
        assert answer.outcome is ReapOutcome.REAPED
    else:
        assert (answer.outcome, answer.until_ms) == (ReapOutcome.GRACE, NOW_MS + then_rests_ms)


def test_a_grace_ends_even_if_pauses_never_stop(empty_queue: QueueUnderTest, clock: ServerTime) -> None:
    empty_queue.given(expired("a"), reaper(until_ms=NOW_MS - 86_400_000))
    asked = request(lease_ms=LEASE_MS // 2)

    for _ in range(20):
        empty_queue.call(empty_queue.store.reap(asked))
        clock.advance(2 * HOLD_MS + 1)
        for _ in range(2):
            empty_queue.call(empty_queue.store.reap(asked))
            clock.advance(2 * HOLD_MS)

    assert empty_queue.situation()["waiting"].keys() >= {"a"}


def test_a_grace_continues_under_another_reaper_until_it_ends(queue: QueueUnderTest, clock: ServerTime) -> None:
    tasks = expired("a")
    queue.given(tasks, reaper(until_ms=NOW_MS - 86_400_000))
    grace_ends_ms = NOW_MS + GRACE_MS

    answer = queue.call(queue.store.reap(request()))
    assert answer == Reaped(ReapOutcome.GRACE, NOW_MS, grace_ends_ms, [])
    assert queue.situation() == together(tasks, reaper(grace_ends_ms=grace_ends_ms))

    clock.advance(HOLD_MS)
    answer = queue.call(queue.store.reap(request("reaper-2")))
    assert answer == Reaped(ReapOutcome.GRACE, clock.now_ms, grace_ends_ms, [])

    while clock.now_ms < grace_ends_ms:
        clock.advance(HOLD_MS)
        answer = queue.call(queue.store.reap(request("reaper-2")))
    assert answer.tasks == [("a", Status.RECOVERED)]


@pytest.mark.parametrize("reaper", ["other 1 0 1", f"other {NOW_MS + 1} 0 1", f"other 1 {NOW_MS + 1} 1"])
def test_every_reply_has_the_shard_map(queue: QueueUnderTest, reaper: str) -> None:
    assert queue.call(queue.store.reap(request())).shard_map == ShardMap()

    queue.broker.client().perform(("SET", queue.store.keys.reaper, reaper))
    queue.given({"layout": "1 3 12"})

    assert queue.call(queue.store.reap(request())).shard_map == ShardMap((1, 3, 12))


def test_a_stored_text_that_is_not_a_shard_map_is_named(queue: QueueUnderTest) -> None:
    queue.given({"layout": "1 one"})

    with pytest.raises(ShardMapDamaged, match=r"redisched:\{mail\}:layout is '1 one'"):
        queue.call(queue.store.reap(request()))


def test_if_nobody_reaped_before_live_workers_have_time_to_renew(empty_queue: QueueUnderTest) -> None:
    task = expired("a")
    empty_queue.given(task)

    answer = empty_queue.call(empty_queue.store.reap(request()))

    assert answer == Reaped(ReapOutcome.GRACE, NOW_MS, NOW_MS + GRACE_MS, [])
    assert empty_queue.situation() == together(task, reaper(grace_ends_ms=NOW_MS + GRACE_MS))
