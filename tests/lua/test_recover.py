"""recover: LEASED -> WAITING|DEAD|CANCELLED, when a process is known to be dead: a worker's, or a handler's own."""

import pytest

from redisched.store.values import Crash, Orphan, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import (
    AWAKE,
    DUE_MS,
    TOKEN,
    WORKER,
    Situation,
    cancelled,
    cancelling,
    claimed,
    dead,
    death,
    ended,
    leased,
    together,
    waiting,
)

STALE = TOKEN - 1


def recover(queue: QueueUnderTest, *orphans: Orphan, crash_limit: int = 3) -> list[Status]:
    return queue.call(queue.store.recover(WORKER, crash_limit, b"crashed", orphans))


def started(id: str, token: int = TOKEN) -> Orphan:
    return Orphan(id, token, 1)


def unstarted(id: str, token: int = TOKEN) -> Orphan:
    return Orphan(id, token, 0)


def test_tasks_wait_again_in_their_places_and_started_ones_count_a_crash(queue: QueueUnderTest) -> None:
    queue.given(
        leased("a", priority=3, run_at_ms=DUE_MS - 9, tries="1 0 0 6", failure="before"),
        leased("b"),
        claimed(WORKER, "nonce", TOKEN, "a", "b"),
    )

    assert recover(queue, started("a"), unstarted("b")) == [Status.RECOVERED] * 2

    assert queue.situation() == together(
        waiting("a", priority=3, run_at_ms=DUE_MS - 9, tries="1 1 0 6", failure=death() + "before"), waiting("b"), AWAKE
    )


def test_only_suspects_count_a_crash_if_one_of_them_had_started(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b", tries="0 1 0 0"), leased("c", tries="0 1 0 0"))

    recover(queue, started("a"), started("b"), unstarted("c"))

    assert queue.situation()["tries"] == {"b": "0 2 0 0", "c": "0 1 0 0"}


def test_a_suspect_that_had_not_started_does_not_spare_the_others(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b", tries="0 1 0 0"))

    recover(queue, started("a"), unstarted("b"))

    assert queue.situation()["tries"] == {"a": "0 1 0 0", "b": "0 1 0 0"}


def test_a_suspect_that_the_dead_worker_had_lost_does_not_spare_the_others(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b", token=TOKEN + 1, tries="0 1 0 0"))

    assert recover(queue, started("a"), started("b")) == [Status.RECOVERED, Status.LOST]

    assert queue.situation()["tries"] == {"a": "0 1 0 0", "b": "0 1 0 0"}


@pytest.mark.parametrize(("crash_limit", "tries"), [(1, None), (3, "0 2 0 0")])
def test_after_too_many_crashes_it_is_quarantined_and_its_neighbour_is_not(
    queue: QueueUnderTest, crash_limit: int, tries: str | None
) -> None:
    queue.given(leased("a", tries=tries), leased("b", tries=tries))

    statuses = recover(queue, started("a"), unstarted("b"), crash_limit=crash_limit)

    assert statuses == [Status.QUARANTINED, Status.RECOVERED]
    assert queue.situation() == together(
        dead("a", tries=f"0 {crash_limit} 0 0", failure="crashed" + death()), waiting("b", tries=tries), AWAKE
    )


def test_a_requested_cancellation_ends_the_task(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="0 2 0 0"), cancelling("a"))

    assert recover(queue, started("a")) == [Status.CANCELLED]

    assert queue.situation() == together(cancelled("a"), AWAKE)


def test_the_latest_claim_of_the_dead_worker_is_deleted(queue: QueueUnderTest) -> None:
    tasks = together(leased("a", token=TOKEN + 1, worker="another"), ended("b"))
    queue.given(tasks, claimed(WORKER, "nonce", TOKEN, "a", "b"))

    assert recover(queue) == []

    assert queue.situation() == together(tasks, AWAKE)


def test_the_claim_of_a_worker_is_kept_if_only_a_handlers_process_died(
    queue: QueueUnderTest,
) -> None:
    claim = claimed(WORKER, "nonce", TOKEN, "a", "b")
    queue.given(leased("a", started_ms=DUE_MS), leased("b"), claim)

    assert queue.call(queue.store.crash([Crash("a", TOKEN, 3, b"crashed")])) == [Status.RECOVERED]

    assert queue.situation() == together(
        waiting("a", tries="0 1 0 0", failure=death(started_ms=DUE_MS)), leased("b"), claim, AWAKE
    )


def test_two_processes_that_die_count_a_crash_for_each_of_their_tasks(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b", tries="0 2 0 0"), leased("c", token=TOKEN + 1))
    crashes = [Crash(id, TOKEN, 3, b"crashed") for id in ("a", "b", "c")]

    assert queue.call(queue.store.crash(crashes)) == [Status.RECOVERED, Status.QUARANTINED, Status.LOST]

    assert queue.situation()["tries"] == {"a": "0 1 0 0", "b": "0 3 0 0"}


def test_if_no_task_waits_again_nobody_is_woken(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(ended("a"))

    assert recover(empty_queue, started("a")) == [Status.LOST]

    assert empty_queue.situation() == ended("a")


def test_a_repeated_call_changes_nothing(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b"), claimed(WORKER, "nonce", TOKEN, "a", "b"))
    recover(queue, started("a"), unstarted("b"))
    first = queue.situation()

    assert recover(queue, started("a"), unstarted("b")) == [Status.LOST] * 2

    assert queue.situation() == first


def test_if_a_call_names_a_task_twice_the_crash_counts_once(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    assert recover(queue, started("a"), started("a")) == [Status.RECOVERED, Status.LOST]

    assert queue.situation()["tries"] == {"a": "0 1 0 0"}


@pytest.mark.parametrize(
    "task",
    [leased("a"), waiting("a"), dead("a"), ended("a"), {}],
    ids=["leased", "waiting", "dead", "ended", "missing"],
)
def test_a_task_that_the_worker_does_not_lease_is_not_changed(queue: QueueUnderTest, task: Situation) -> None:
    queue.given(task)

    assert recover(queue, started("a", STALE), unstarted("a", STALE)) == [Status.LOST] * 2

    assert queue.situation() == together(task, AWAKE)
