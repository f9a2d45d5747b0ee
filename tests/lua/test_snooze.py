"""snooze: LEASED -> WAITING, too early."""

import pytest

from redisched.model import BAND, LARGEST_RUN_AT_MS
from redisched.store.values import SnoozedTask, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import (
    AWAKE,
    TOKEN,
    Situation,
    cancelled,
    cancelling,
    dead,
    ended,
    expiring,
    leased,
    together,
    waiting,
)
from tests.server_time import NOW_MS

STALE = TOKEN - 1


def snooze(queue: QueueUnderTest, *ids: str, token: int = TOKEN, delay_ms: int = 500) -> list[Status]:
    return queue.call(queue.store.snooze([SnoozedTask(id, token, delay_ms) for id in ids]))


def test_a_snoozed_task_keeps_its_priority_its_counts_and_its_failures(queue: QueueUnderTest) -> None:
    queue.given(leased("a", priority=3, tries="1 1 2 3", failure="before"), leased("b", priority=255))

    assert snooze(queue, "a", "b") == [Status.SNOOZED] * 2

    assert queue.situation() == together(
        waiting("a", priority=3, run_at_ms=NOW_MS + 500, tries="1 1 2 3")
        | {"failures": leased("a", priority=3, failure="before")["failures"]},
        {"waiting": waiting("b", priority=255, run_at_ms=NOW_MS + 500)["waiting"], "tasks": leased("b")["tasks"]},
        AWAKE,
    )


def test_a_delay_cannot_change_the_priority(queue: QueueUnderTest) -> None:
    queue.given(leased("a", priority=3))

    snooze(queue, "a", delay_ms=BAND)

    assert queue.situation()["waiting"] == {"a": 3 * BAND + LARGEST_RUN_AT_MS}


def test_a_snoozed_task_has_started_and_expires_no_more(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), expiring("a", expires_ms=NOW_MS + 1))

    snooze(queue, "a")

    assert not {"traits", "expiring"} & queue.situation().keys()


def test_a_requested_cancellation_ends_the_task(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="1 0 0 3", failure="before"), cancelling("a"))

    assert snooze(queue, "a") == [Status.CANCELLED]

    assert queue.situation() == cancelled("a")


def test_a_stale_token_changes_nothing(queue: QueueUnderTest) -> None:
    tasks = together(leased("a"), cancelling("a"))
    queue.given(tasks)

    assert snooze(queue, "a", token=STALE) == [Status.LOST]

    assert queue.situation() == tasks


def test_a_repeated_call_changes_nothing(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    snooze(queue, "a")
    before = queue.situation()

    assert snooze(queue, "a") == [Status.LOST]

    assert queue.situation() == before


@pytest.mark.parametrize("task", [waiting("a"), dead("a"), ended("a"), {}], ids=["waiting", "dead", "ended", "unknown"])
def test_a_task_that_is_not_leased_is_lost(queue: QueueUnderTest, task: Situation) -> None:
    queue.given(task)

    assert snooze(queue, "a") == [Status.LOST]

    assert queue.situation() == task
