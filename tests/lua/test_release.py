"""release: LEASED -> WAITING, unrun."""

import pytest

from redisched.model import BAND, LARGEST_RUN_AT_MS
from redisched.store.values import Release, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import AWAKE, TOKEN, cancelled, cancelling, dead, ended, leased, together, waiting
from tests.server_time import NOW_MS

STALE = TOKEN - 1


def release(id: str, token: int = TOKEN, pause_ms: int = 0) -> Release:
    return Release(id, token, pause_ms)


@pytest.mark.parametrize("run_at_ms", [NOW_MS - 5_000, NOW_MS + 15])
def test_without_a_pause_a_released_task_is_as_before_its_claim(queue: QueueUnderTest, run_at_ms: int) -> None:
    queue.given(leased("a", priority=3, run_at_ms=run_at_ms, tries="1 0 2 3", failure="before"))

    assert queue.call(queue.store.release([release("a")])) == [Status.RELEASED]

    assert queue.situation() == together(
        waiting("a", priority=3, run_at_ms=run_at_ms, tries="1 0 2 3", failure="before"), AWAKE
    )


def test_with_a_pause_a_released_task_keeps_its_priority_and_counts_a_redelivery(queue: QueueUnderTest) -> None:
    queue.given(leased("a", priority=3), leased("b", priority=255, tries="4 1 7 3"))

    statuses = queue.call(queue.store.release([release("a", pause_ms=500), release("b", pause_ms=1)]))

    assert statuses == [Status.RELEASED] * 2
    assert queue.situation() == together(
        waiting("a", priority=3, run_at_ms=NOW_MS + 500, tries="0 0 1 0"),
        waiting("b", priority=255, run_at_ms=NOW_MS + 1, tries="4 1 8 3"),
        AWAKE,
    )


def test_a_pause_cannot_change_the_priority(queue: QueueUnderTest) -> None:
    queue.given(leased("a", priority=3))

    queue.call(queue.store.release([release("a", pause_ms=BAND)]))

    assert queue.situation()["waiting"] == {"a": 3 * BAND + LARGEST_RUN_AT_MS}


@pytest.mark.parametrize("pause_ms", [0, 1_000])
def test_a_requested_cancellation_ends_the_task(queue: QueueUnderTest, pause_ms: int) -> None:
    queue.given(leased("a", tries="1 0 0 3", failure="before"), cancelling("a"))

    assert queue.call(queue.store.release([release("a", pause_ms=pause_ms)])) == [Status.CANCELLED]

    assert queue.situation() == cancelled("a")


@pytest.mark.parametrize("pause_ms", [0, 1_000])
def test_a_stale_token_changes_nothing(queue: QueueUnderTest, pause_ms: int) -> None:
    tasks = together(leased("a"), cancelling("a"))
    queue.given(tasks)

    assert queue.call(queue.store.release([release("a", STALE, pause_ms)])) == [Status.LOST]

    assert queue.situation() == tasks


@pytest.mark.parametrize("pause_ms", [0, 1_000])
def test_a_repeated_call_changes_nothing(queue: QueueUnderTest, pause_ms: int) -> None:
    queue.given(leased("a"))
    queue.call(queue.store.release([release("a", pause_ms=pause_ms)]))
    first = queue.situation()

    assert queue.call(queue.store.release([release("a", pause_ms=pause_ms)])) == [Status.LOST]

    assert queue.situation() == first


def test_a_task_that_is_not_leased_is_answered_lost(queue: QueueUnderTest) -> None:
    tasks = together(waiting("a"), dead("b"), ended("c"))
    queue.given(tasks)

    releases = [release(id) for id in ("a", "b", "c", "missing")]
    assert queue.call(queue.store.release(releases)) == [Status.LOST] * 4

    assert queue.situation() == tasks


def test_a_whole_window_is_given_back_in_order(queue: QueueUnderTest) -> None:
    tasks = {id: priority for priority, id in enumerate("dacb")}
    queue.given(*(leased(id, priority=priority) for id, priority in tasks.items()))

    assert queue.call(queue.store.release([release(id) for id in "abcd"])) == [Status.RELEASED] * 4

    assert queue.situation() == together(*(waiting(id, priority=priority) for id, priority in tasks.items()), AWAKE)
