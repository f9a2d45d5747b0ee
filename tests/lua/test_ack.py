"""ack: LEASED -> SUCCEEDED|CANCELLED."""

from redisched.store.values import Ack, Orphan, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import (
    AWAKE,
    TOKEN,
    WORKER,
    cancelled,
    cancelling,
    claimed,
    ended,
    leased,
    outcome_of,
    together,
    waiting,
)
from tests.server_time import NOW_MS

STALE = TOKEN - 1


def ack(id: str, token: int = TOKEN, retention_ms: int = 1_000) -> Ack:
    return Ack(id, token, retention_ms, outcome_of(id).encode())


def test_only_the_outcome_of_the_task_is_left(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    assert queue.call(queue.store.ack([ack("a")])) == [Status.ACKED]

    assert queue.situation() == ended("a", forgotten_ms=NOW_MS + 1_000)


def test_its_attempts_and_its_cancellation_request_are_deleted(queue: QueueUnderTest) -> None:
    queue.given(leased("a", started_ms=NOW_MS, tries="2 1 3 5", failure="boom"), cancelling("a"))

    assert queue.call(queue.store.ack([ack("a")])) == [Status.ACKED]

    assert queue.situation() == ended("a")


def test_a_task_whose_expired_lease_was_not_reaped_can_be_acked(queue: QueueUnderTest) -> None:
    queue.given(leased("a", ends_ms=NOW_MS - 60_000))

    assert queue.call(queue.store.ack([ack("a")])) == [Status.ACKED]

    assert queue.situation() == ended("a")


def test_without_a_retention_it_may_be_forgotten_at_once(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    queue.call(queue.store.ack([ack("a", retention_ms=0)]))

    assert queue.situation() == ended("a", forgotten_ms=NOW_MS)


def test_a_stale_token_changes_nothing(queue: QueueUnderTest) -> None:
    tasks = together(leased("a"), waiting("b", tries=f"1 0 0 {STALE}"), cancelling("a"))
    queue.given(tasks)

    assert queue.call(queue.store.ack([ack("a", STALE), ack("b", STALE)])) == [Status.LOST, Status.LOST]

    assert queue.situation() == tasks


def test_a_token_that_only_begins_with_the_right_one_is_stale(queue: QueueUnderTest) -> None:
    tasks = leased("a", token=77)
    queue.given(tasks)

    assert queue.call(queue.store.ack([ack("a", 7), ack("a", 777)])) == [Status.LOST, Status.LOST]

    assert queue.situation() == tasks


def test_a_repeated_call_answers_already_and_keeps_the_first_outcome(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    queue.call(queue.store.ack([ack("a")]))

    again = Ack("a", TOKEN, 9_000, b"digest-aanother end")
    assert queue.call(queue.store.ack([again])) == [Status.ALREADY]

    assert queue.situation() == ended("a")


def test_if_a_call_names_a_task_twice_the_first_counts(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    both = [ack("a"), Ack("a", TOKEN, 9_000, b"digest-aanother end")]
    assert queue.call(queue.store.ack(both)) == [Status.ACKED, Status.ALREADY]

    assert queue.situation() == ended("a")


def test_after_an_ack_another_token_is_answered_lost(queue: QueueUnderTest) -> None:
    queue.given(ended("a"))

    assert queue.call(queue.store.ack([ack("a", STALE), ack("a", TOKEN + 1)])) == [Status.LOST, Status.LOST]

    assert queue.situation() == ended("a")


def test_an_unknown_task_is_answered_lost_and_nothing_is_written(queue: QueueUnderTest) -> None:
    assert queue.call(queue.store.ack([ack("a")])) == [Status.LOST]

    assert queue.situation() == {}


def test_each_task_of_a_call_gets_its_own_answer(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b", token=8), ended("c"), waiting("d"), claimed("w", "n", TOKEN, "a", "b"))

    statuses = queue.call(queue.store.ack([ack("a"), ack("b"), ack("c"), ack("d"), ack("e")]))

    assert statuses == [Status.ACKED, Status.LOST, Status.ALREADY, Status.LOST, Status.LOST]
    assert queue.situation() == together(
        ended("a"), leased("b", token=8), ended("c"), waiting("d"), claimed("w", "n", TOKEN, "a", "b")
    )


def test_a_batch_may_be_larger_than_what_lua_can_unpack_at_once(queue: QueueUnderTest) -> None:
    ids = [f"a{number}" for number in range(1_001)]
    queue.given(*(leased(id) for id in ids))

    assert queue.call(queue.store.ack([ack(id) for id in ids])) == [Status.ACKED] * 1_001

    assert queue.situation() == together(*(ended(id) for id in ids))


def test_a_worker_whose_task_was_cancelled_is_not_answered_acked(queue: QueueUnderTest) -> None:
    """The worker was considered dead, so the requested cancellation ended its task. Then the worker comes back."""
    queue.given(leased("a"), cancelling("a"))
    queue.call(queue.store.recover(WORKER, 3, b"", [Orphan("a", TOKEN, 1)]))

    assert queue.call(queue.store.ack([ack("a")])) == [Status.LOST]

    assert queue.situation() == together(cancelled("a"), AWAKE)
