"""reprioritize: WAITING -> WAITING, in another place; nothing else of the task changes."""

import pytest

from redisched.model import BAND, LARGEST_RUN_AT_MS
from redisched.store.values import Reprioritization, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import AWAKE, DUE_MS, dead, ended, expiring, leased, together, waiting
from tests.server_time import NOW_MS

LATER_MS = NOW_MS + 5_000


def reprioritize(queue: QueueUnderTest, id: str, priority: int | str = "", when: str = "") -> Status:
    (status,) = queue.call(queue.store.reprioritize([Reprioritization(id, priority, when)]))
    return status


@pytest.mark.parametrize(
    ("priority", "when", "after"),
    [
        (0, "", (0, DUE_MS)),
        (255, "+5000", (255, LATER_MS)),
        ("", f"@{LATER_MS}", (5, LATER_MS)),
        ("", "@0", (5, 0)),
        ("", f"@{LARGEST_RUN_AT_MS}", (5, LARGEST_RUN_AT_MS)),
        ("", "", (5, DUE_MS)),
    ],
)
def test_a_reprioritized_task_waits_in_its_new_place_with_its_history(
    queue: QueueUnderTest, priority: int | str, when: str, after: tuple[int, int]
) -> None:
    traits = expiring("a", expires_ms=LARGEST_RUN_AT_MS + 1)
    queue.given(waiting("a", tries="1 0 2 3"), traits)

    for _ in range(2):
        assert reprioritize(queue, "a", priority, when) is Status.REPRIORITIZED

    assert queue.situation() == together(
        waiting("a", priority=after[0], run_at_ms=after[1], tries="1 0 2 3"), traits, AWAKE
    )


def test_a_task_that_would_run_after_2109_stays_in_its_place(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"))

    assert reprioritize(queue, "a", 0, f"@{BAND}") is Status.TOO_LATE
    assert queue.situation() == waiting("a")


@pytest.mark.parametrize("when", [f"@{LATER_MS}", "+5000", f"@{LARGEST_RUN_AT_MS}"])
def test_a_task_that_would_expire_before_its_new_time_stays_in_its_place(queue: QueueUnderTest, when: str) -> None:
    before = together(waiting("a"), expiring("a", expires_ms=LATER_MS))
    queue.given(before)

    assert reprioritize(queue, "a", 0, when) is Status.EXPIRES
    assert queue.situation() == before

    assert reprioritize(queue, "a", 0, f"@{LATER_MS - 1}") is Status.REPRIORITIZED


def test_a_priority_can_be_changed_whatever_the_expiry(queue: QueueUnderTest) -> None:
    traits = expiring("a", expires_ms=NOW_MS - 1)
    queue.given(waiting("a"), traits)

    assert reprioritize(queue, "a", 0) is Status.REPRIORITIZED
    assert queue.situation() == together(waiting("a", priority=0), traits, AWAKE)


def test_a_task_that_does_not_wait_is_not_changed_and_the_answer_says_why(queue: QueueUnderTest) -> None:
    before = together(leased("a"), dead("b"), ended("c"))
    queue.given(before)

    statuses = [reprioritize(queue, id, 0, "+0") for id in "abcd"]

    assert statuses == [Status.LEASED, Status.ENDED, Status.ENDED, Status.UNKNOWN]
    assert queue.situation() == before


def test_many_in_one_call_wake_one_worker(queue: QueueUnderTest) -> None:
    queue.given(waiting("a", run_at_ms=LATER_MS), waiting("b", run_at_ms=LATER_MS))

    queue.call(queue.store.reprioritize([Reprioritization(id, "", "+0") for id in ("a", "missing", "b")]))

    assert queue.situation() == together(waiting("a", run_at_ms=NOW_MS), waiting("b", run_at_ms=NOW_MS), AWAKE)
