"""retry: LEASED -> WAITING, for another attempt."""

import pytest

from redisched.model import BAND, LARGEST_RUN_AT_MS
from redisched.store.values import Bury, FailedAttempt, Orphan, Release, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import AWAKE, TOKEN, WORKER, cancelled, cancelling, dead, ended, leased, together, waiting
from tests.server_time import NOW_MS

STALE = TOKEN - 1


def retry(id: str, token: int = TOKEN, delay_ms: int = 2_000, failure: str = "boom") -> FailedAttempt:
    return FailedAttempt(id, token, delay_ms, failure.encode())


@pytest.mark.parametrize("priority", [0, 5, 255])
def test_a_retried_task_keeps_its_priority_and_counts_an_attempt(queue: QueueUnderTest, priority: int) -> None:
    task = leased("a", priority=priority, run_at_ms=NOW_MS - 9)
    queue.given(task)

    assert queue.call(queue.store.retry([retry("a")])) == [Status.RETRIED]

    score = priority * BAND + NOW_MS - 9
    assert queue.situation() == together(
        waiting("a", priority=priority, run_at_ms=NOW_MS + 2_000, tries=f"1 0 0 {TOKEN}"),
        {"failures": {"a": f"{score} boom"}},
        AWAKE,
    )


def test_earlier_counts_are_kept(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="4 1 2 3", failure="before"))

    queue.call(queue.store.retry([retry("a", delay_ms=0, failure="now")]))

    assert queue.situation()["tries"] == {"a": f"5 1 2 {TOKEN}"}
    assert queue.situation()["failures"]["a"].endswith(" nowbefore")


def test_a_delay_cannot_change_the_priority(queue: QueueUnderTest) -> None:
    queue.given(leased("a", priority=3))

    queue.call(queue.store.retry([retry("a", delay_ms=BAND)]))

    assert queue.situation()["waiting"] == {"a": 3 * BAND + LARGEST_RUN_AT_MS}


def test_a_requested_cancellation_ends_the_task(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="1 0 0 3", failure="before"), cancelling("a"))

    assert queue.call(queue.store.retry([retry("a")])) == [Status.CANCELLED]

    assert queue.situation() == cancelled("a")


def test_a_stale_token_changes_nothing(queue: QueueUnderTest) -> None:
    tasks = together(leased("a", tries=f"1 0 0 {STALE - 1}", failure="before"), cancelling("a"))
    queue.given(tasks)

    assert queue.call(queue.store.retry([retry("a", STALE)])) == [Status.LOST]

    assert queue.situation() == tasks


def test_a_repeated_call_counts_the_attempt_once(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    queue.call(queue.store.retry([retry("a")]))
    first = queue.situation()

    assert queue.call(queue.store.retry([retry("a", delay_ms=9, failure="again")])) == [Status.ALREADY]

    assert queue.situation() == first


def test_a_repeated_call_changes_nothing_after_another_worker_leased_the_task(queue: QueueUnderTest) -> None:
    task = leased("a", token=TOKEN + 1, tries=f"1 0 0 {TOKEN}", failure="boom")
    queue.given(task)

    assert queue.call(queue.store.retry([retry("a")])) == [Status.ALREADY]

    assert queue.situation() == task


@pytest.mark.parametrize("taken_by", ["crash", "release"])
def test_a_worker_that_lost_the_task_is_not_answered_retried(queue: QueueUnderTest, taken_by: str) -> None:
    queue.given(leased("a"))
    if taken_by == "crash":
        queue.call(queue.store.recover(WORKER, 3, b"", [Orphan("a", TOKEN, 1)]))
    else:
        queue.call(queue.store.release([Release("a", TOKEN, 1_000)]))
    taken = queue.situation()

    assert queue.call(queue.store.retry([retry("a")])) == [Status.LOST]

    assert queue.situation() == taken


def test_a_counted_attempt_is_remembered_after_a_later_crash(queue: QueueUnderTest) -> None:
    queue.given(leased("a", token=8, tries=f"1 0 0 {TOKEN}", failure="boom"))
    queue.call(queue.store.recover(WORKER, 3, b"", [Orphan("a", 8, 1)]))

    assert queue.call(queue.store.retry([retry("a"), retry("a", 8)])) == [Status.ALREADY, Status.LOST]


def test_a_buried_task_is_not_retried(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    queue.call(queue.store.bury([Bury("a", TOKEN, b"boom")]))

    queue.call(queue.store.retry([retry("a")]))

    assert queue.situation() == dead("a")


def test_a_task_that_is_not_leased_is_answered_lost(queue: QueueUnderTest) -> None:
    tasks = together(waiting("a"), dead("b", tries="1 0 0 3"), ended("c"))
    queue.given(tasks)

    retries = [retry(id) for id in ("a", "b", "c", "missing")]
    assert queue.call(queue.store.retry(retries)) == [Status.LOST] * 4

    assert queue.situation() == tasks


def test_each_task_of_a_call_gets_its_own_answer(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b"), cancelling("b"), leased("c", token=8))

    statuses = queue.call(queue.store.retry([retry("a"), retry("a"), retry("b"), retry("c")]))

    assert statuses == [Status.RETRIED, Status.ALREADY, Status.CANCELLED, Status.LOST]
    assert queue.situation()["waiting"].keys() == {"a"}
    assert queue.situation()["held"].keys() == {"c"}
    assert queue.situation()["outcomes"].keys() == {"b"}
