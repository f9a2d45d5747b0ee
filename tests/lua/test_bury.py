"""bury: LEASED -> DEAD."""

import pytest

from redisched.store.values import Bury, FailedAttempt, Orphan, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import AWAKE, TOKEN, WORKER, cancelling, dead, death, ended, leased, together, waiting
from tests.server_time import NOW_MS

STALE = TOKEN - 1


def bury(id: str, token: int = TOKEN, failure: str = "boom") -> Bury:
    return Bury(id, token, failure.encode())


def test_a_buried_task_is_dead_and_keeps_its_record_and_the_reason(queue: QueueUnderTest) -> None:
    queue.given(leased("a", priority=3, tries="4 1 2 3", failure="before"))

    assert queue.call(queue.store.bury([bury("a")])) == [Status.BURIED]

    assert queue.situation() == dead("a", priority=3, died_ms=NOW_MS, tries=f"4 1 2 {TOKEN}", failure="boombefore")


def test_a_late_cancellation_request_is_deleted(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), cancelling("a"))

    assert queue.call(queue.store.bury([bury("a")])) == [Status.BURIED]

    assert queue.situation() == dead("a")


def test_a_stale_token_changes_nothing(queue: QueueUnderTest) -> None:
    tasks = together(leased("a", tries="1 0 0 3", failure="before"), cancelling("a"))
    queue.given(tasks)

    assert queue.call(queue.store.bury([bury("a", STALE)])) == [Status.LOST]

    assert queue.situation() == tasks


def test_a_repeated_call_answers_already_and_keeps_the_first_reason(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    queue.call(queue.store.bury([bury("a")]))

    assert queue.call(queue.store.bury([bury("a", failure="again")])) == [Status.ALREADY]

    assert queue.situation() == dead("a")


def test_if_a_call_names_a_task_twice_the_first_counts(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    statuses = queue.call(queue.store.bury([bury("a"), bury("a", failure="again")]))

    assert statuses == [Status.BURIED, Status.ALREADY]
    assert queue.situation() == dead("a")


def test_a_retried_task_is_not_buried_by_the_same_token(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    queue.call(queue.store.retry([FailedAttempt("a", TOKEN, 0, b"boom")]))
    retried = queue.situation()

    assert queue.call(queue.store.bury([bury("a")])) == [Status.LOST]

    assert queue.situation() == retried


def test_a_worker_whose_task_was_quarantined_is_not_answered_buried(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="0 2 0 0"))
    queue.call(queue.store.recover(WORKER, 3, b"crashed", [Orphan("a", TOKEN, 1)]))

    assert queue.call(queue.store.bury([bury("a")])) == [Status.LOST]

    assert queue.situation() == together(dead("a", tries="0 3 0 0", failure="crashed" + death()), AWAKE)


@pytest.mark.parametrize("tries", ["0 0 0 3", f"2 0 0 {STALE}"])
def test_a_task_that_is_not_leased_is_answered_lost(queue: QueueUnderTest, tries: str) -> None:
    tasks = together(waiting("a", tries=tries), dead("b", tries=tries), ended("c"))
    queue.given(tasks)

    burials = [bury(id) for id in ("a", "b", "c", "missing")]
    assert queue.call(queue.store.bury(burials)) == [Status.LOST] * 4

    assert queue.situation() == tasks
