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
def test_a_task_that_waits_is_cancelled_and_will_never_run(queue: QueueUnderTest, run_at_ms: int) -> None:
    queue.given(waiting("a", run_at_ms=run_at_ms, tries="1 1 1 3", failure="boom"))

    assert cancel(queue, "a") == [Status.CANCELLED]

    assert queue.situation() == cancelled("a", forgotten_ms=NOW_MS + 1_000)


def test_a_leased_task_is_left_to_its_worker_which_is_asked(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="1 1 1 3", failure="boom"))

    assert cancel(queue, "a") == [Status.CANCELLING]

    assert queue.situation() == together(leased("a", tries="1 1 1 3", failure="boom"), cancelling("a"))


def test_a_task_whose_record_is_gone_is_cancelled_all_the_same(queue: QueueUnderTest) -> None:
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
def test_called_twice_the_second_changes_nothing(
    queue: QueueUnderTest, task: Situation, first: Status, second: Status
) -> None:
    queue.given(task)

    assert cancel(queue, "a") == [first]
    situation = queue.situation()
    assert cancel(queue, "a") == [second]

    assert queue.situation() == situation


@pytest.mark.parametrize("task", [dead("a"), ended("a"), {}], ids=["dead", "ended", "missing"])
def test_what_has_ended_or_never_was_is_left_as_it_is(queue: QueueUnderTest, task: Situation) -> None:
    queue.given(task)

    cancel(queue, "a")

    assert queue.situation() == task


def test_asked_again_the_latest_request_counts(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), cancelling("a", retention_ms=5))

    cancel(queue, "a", retention_ms=2_000)

    assert queue.situation() == together(leased("a"), cancelling("a", retention_ms=2_000))


def test_in_a_batch_each_task_has_its_own_fate(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), leased("b"), dead("c"), ended("d"))

    statuses = cancel(queue, *"abcdea")

    assert statuses == [
        Status.CANCELLED, Status.CANCELLING, Status.ENDED, Status.ENDED, Status.UNKNOWN, Status.ENDED,
    ]  # fmt: skip
    assert queue.situation() == together(cancelled("a"), leased("b"), cancelling("b"), dead("c"), ended("d"))
