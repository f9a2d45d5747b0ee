"""discard: DEAD -> CANCELLED."""

import pytest

from redisched.store.values import Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import Situation, dead, ended, leased, together, waiting
from tests.server_time import NOW_MS


def discard(queue: QueueUnderTest, *ids: str, retention_ms: int = 1_000) -> list[Status]:
    return queue.call(queue.store.discard(retention_ms, [(id, b"gone") for id in ids]))


def gone(id: str) -> Situation:
    """A discarded task, of which the outcome alone is left."""
    return {"outcomes": {id: f"0 {dead(id)['tasks'][id][:8]}gone"}, "finished": {id: NOW_MS + 1_000}}


def test_of_a_discarded_task_only_its_outcome_is_left(queue: QueueUnderTest) -> None:
    queue.given(together(dead("a", tries="5 2 1 7", failure="boom"), dead("b")))

    assert discard(queue, "a") == [Status.DISCARDED]

    assert queue.situation() == together(gone("a"), dead("b"))


@pytest.mark.parametrize(
    ("task", "status"),
    [
        (waiting("a", tries="1 0 0 3", failure="boom"), Status.ALREADY),
        (leased("a", tries="1 0 0 3", failure="boom"), Status.ALREADY),
        (ended("a"), Status.ALREADY),
        ({}, Status.UNKNOWN),
    ],
    ids=["waiting", "leased", "ended", "missing"],
)
def test_a_task_that_is_not_dead_is_not_changed(queue: QueueUnderTest, task: Situation, status: Status) -> None:
    queue.given(task)

    assert discard(queue, "a") == [status]

    assert queue.situation() == task


def test_a_repeated_call_changes_nothing(queue: QueueUnderTest) -> None:
    queue.given(dead("a"))

    assert [discard(queue, "a", "a"), discard(queue, "a")] == [[Status.DISCARDED, Status.ALREADY], [Status.ALREADY]]

    assert queue.situation() == gone("a")


def test_a_discarded_task_is_not_revived(queue: QueueUnderTest) -> None:
    queue.given(dead("a"))
    discard(queue, "a")

    assert queue.call(queue.store.revive(["a"])) == [Status.UNKNOWN]
    assert queue.situation() == gone("a")
