"""cancel: WAITING -> CANCELLED; the worker of a leased task is asked to stop."""

import pytest

from redisched.store.values import Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import Situation, cancelled, cancelling, dead, ended, leased, together, waiting
from tests.server_time import NOW_MS

OUTCOME = b"cancelled"


def cancel(queue: QueueUnderTest, *ids: str, retention_ms: int = 1_000) -> list[Status]:
    return queue.call(queue.store.cancel(retention_ms, [(id, OUTCOME) for id in ids]))


@pytest.mark.parametrize("run_at_ms", [NOW_MS - 1, NOW_MS + 86_400_000])
def test_a_waiting_task_is_cancelled_and_never_runs(queue: QueueUnderTest, run_at_ms: int) -> None:
    queue.given(waiting("a", run_at_ms=run_at_ms, tries="1 1 1 3", failure="boom"))

    assert cancel(queue, "a") == [Status.CANCELLED]

    assert queue.situation() == cancelled("a", forgotten_ms=NOW_MS + 1_000)


def test_the_worker_of_a_leased_task_is_asked_to_cancel_it(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="1 1 1 3", failure="boom"))

    assert cancel(queue, "a") == [Status.CANCELLING]

    assert queue.situation() == together(leased("a", tries="1 1 1 3", failure="boom"), cancelling("a"))


def test_a_task_without_its_record_is_cancelled(queue: QueueUnderTest) -> None:
    queue.given({"waiting": {"a": NOW_MS}})

    assert cancel(queue, "a") == [Status.CANCELLED]

    assert queue.situation() == ended("a", token=0, outcome="00000000cancelled")


@pytest.mark.parametrize(
    ("task", "first", "second"),
    [
        (waiting("a"), Status.CANCELLED, Status.ENDED),
        (leased("a"), Status.CANCELLING, Status.CANCELLING),
        (dead("a"), Status.ENDED, Status.ENDED),
        (ended("a"), Status.ENDED, Status.ENDED),
        ({}, Status.UNKNOWN, Status.UNKNOWN),
    ],
    ids=["waiting", "leased", "dead", "ended", "missing"],
)
def test_a_repeated_call_changes_nothing(queue: QueueUnderTest, task: Situation, first: Status, second: Status) -> None:
    queue.given(task)

    assert cancel(queue, "a") == [first]
    situation = queue.situation()
    assert cancel(queue, "a") == [second]

    assert queue.situation() == situation


@pytest.mark.parametrize("task", [dead("a"), ended("a"), {}], ids=["dead", "ended", "missing"])
def test_an_ended_or_unknown_task_is_not_changed(queue: QueueUnderTest, task: Situation) -> None:
    queue.given(task)

    cancel(queue, "a")

    assert queue.situation() == task


def test_the_latest_cancellation_request_counts(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), cancelling("a", retention_ms=5))

    cancel(queue, "a", retention_ms=2_000)

    assert queue.situation() == together(leased("a"), cancelling("a", retention_ms=2_000))


def test_each_task_of_a_call_gets_its_own_answer(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), leased("b"), dead("c"), ended("d"))

    statuses = cancel(queue, *"abcdea")

    assert statuses == [
        Status.CANCELLED, Status.CANCELLING, Status.ENDED, Status.ENDED, Status.UNKNOWN, Status.ENDED,
    ]  # fmt: skip
    assert queue.situation() == together(cancelled("a"), leased("b"), cancelling("b"), dead("c"), ended("d"))
