"""revive: DEAD -> WAITING."""

import pytest

from redisched.store.values import Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import AWAKE, Situation, dead, ended, leased, record_of, together, waiting
from tests.server_time import NOW_MS


def revive(queue: QueueUnderTest, *ids: str) -> list[Status]:
    return queue.call(queue.store.revive(ids))


@pytest.mark.parametrize("priority", [0, 5, 255])
def test_a_revived_task_is_due_now_with_its_priority_no_attempts_and_its_failures(
    queue: QueueUnderTest, priority: int
) -> None:
    before = dead("a", priority=priority, tries="5 2 1 7", failure="boom")
    queue.given(before)

    assert revive(queue, "a") == [Status.REVIVED]

    assert queue.situation() == together(
        waiting("a", priority=priority, run_at_ms=NOW_MS), {"failures": before["failures"]}, AWAKE
    )


def test_a_revived_task_may_get_another_body_and_keeps_its_digest(queue: QueueUnderTest) -> None:
    before = dead("a")
    queue.given(before)

    assert queue.call(queue.store.revive(["a"], b"another")) == [Status.REVIVED]

    after = queue.situation()
    assert after["tasks"] == {"a": record_of("a")[:8] + "another"}
    assert queue.call(queue.store.revive(["a"], b"a third")) == [Status.ALREADY]
    assert queue.situation() == after


def test_a_dead_task_without_its_failure_is_revived_with_the_best_priority(queue: QueueUnderTest) -> None:
    queue.given({"dead": {"a": NOW_MS}, "tasks": {"a": record_of("a")}})

    assert revive(queue, "a") == [Status.REVIVED]

    assert queue.situation() == together(waiting("a", priority=0, run_at_ms=NOW_MS), AWAKE)


@pytest.mark.parametrize(
    ("task", "status"),
    [
        (waiting("a", tries="1 0 0 3", failure="boom"), Status.ALREADY),
        (leased("a", tries="1 0 0 3", failure="boom"), Status.ALREADY),
        (ended("a"), Status.UNKNOWN),
        ({}, Status.UNKNOWN),
    ],
    ids=["waiting", "leased", "ended", "missing"],
)
def test_a_task_that_is_not_dead_is_not_changed(queue: QueueUnderTest, task: Situation, status: Status) -> None:
    queue.given(task)

    assert revive(queue, "a") == [status]

    assert queue.situation() == task


def test_a_repeated_call_changes_nothing(queue: QueueUnderTest) -> None:
    queue.given(dead("a"))
    revive(queue, "a")
    first = queue.situation()

    assert revive(queue, "a") == [Status.ALREADY]

    assert queue.situation() == first


def test_each_task_of_a_call_gets_its_own_answer(queue: QueueUnderTest) -> None:
    failures: Situation = {"failures": together(dead("a"), dead("c", priority=9))["failures"]}
    queue.given(dead("a"), waiting("b"), dead("c", priority=9))

    assert revive(queue, *"abcda") == [
        Status.REVIVED, Status.ALREADY, Status.REVIVED, Status.UNKNOWN, Status.ALREADY,
    ]  # fmt: skip

    assert queue.situation() == together(
        waiting("a", run_at_ms=NOW_MS),
        waiting("b"),
        waiting("c", priority=9, run_at_ms=NOW_MS),
        AWAKE,
        failures,
    )
