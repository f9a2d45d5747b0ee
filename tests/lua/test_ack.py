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


def test_what_was_remembered_of_its_attempts_and_of_its_cancellation_goes_too(queue: QueueUnderTest) -> None:
    queue.given(leased("a", started_ms=NOW_MS, tries="2 1 3 5", failure="boom"), cancelling("a"))

    assert queue.call(queue.store.ack([ack("a")])) == [Status.ACKED]

    assert queue.situation() == ended("a")


def test_a_lease_that_expired_but_was_not_reaped_is_still_acked(queue: QueueUnderTest) -> None:
    queue.given(leased("a", ends_ms=NOW_MS - 60_000))

    assert queue.call(queue.store.ack([ack("a")])) == [Status.ACKED]

    assert queue.situation() == ended("a")


def test_a_retention_of_nothing_lets_it_be_forgotten_at_once(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    queue.call(queue.store.ack([ack("a", retention_ms=0)]))

    assert queue.situation() == ended("a", forgotten_ms=NOW_MS)


def test_a_stale_token_changes_nothing(queue: QueueUnderTest) -> None:
    tasks = together(leased("a"), waiting("b", tries=f"1 0 0 {STALE}"), cancelling("a"))
    queue.given(tasks)

    assert queue.call(queue.store.ack([ack("a", STALE), ack("b", STALE)])) == [Status.LOST, Status.LOST]

    assert queue.situation() == tasks


def test_a_token_that_only_begins_like_the_right_one_is_stale(queue: QueueUnderTest) -> None:
    tasks = leased("a", token=77)
    queue.given(tasks)

    assert queue.call(queue.store.ack([ack("a", 7), ack("a", 777)])) == [Status.LOST, Status.LOST]

    assert queue.situation() == tasks


def test_called_twice_it_answers_already_and_keeps_the_first_outcome(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    queue.call(queue.store.ack([ack("a")]))

    again = Ack("a", TOKEN, 9_000, b"digest-aanother end")
    assert queue.call(queue.store.ack([again])) == [Status.ALREADY]

    assert queue.situation() == ended("a")


def test_named_twice_in_one_call_the_first_counts(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    both = [ack("a"), Ack("a", TOKEN, 9_000, b"digest-aanother end")]
    assert queue.call(queue.store.ack(both)) == [Status.ACKED, Status.ALREADY]

    assert queue.situation() == ended("a")


def test_another_token_than_the_one_that_acked_is_lost(queue: QueueUnderTest) -> None:
    queue.given(ended("a"))

    assert queue.call(queue.store.ack([ack("a", STALE), ack("a", TOKEN + 1)])) == [Status.LOST, Status.LOST]

    assert queue.situation() == ended("a")


def test_a_missing_task_is_lost_and_nothing_is_made_up(queue: QueueUnderTest) -> None:
    assert queue.call(queue.store.ack([ack("a")])) == [Status.LOST]

    assert queue.situation() == {}


def test_in_a_batch_each_task_has_its_own_fate(queue: QueueUnderTest) -> None:
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


def test_whoever_lost_the_task_to_a_cancellation_is_not_told_that_it_acked(queue: QueueUnderTest) -> None:
    """The worker was taken for dead and its task ended, as had been asked; then the worker comes back."""
    queue.given(leased("a"), cancelling("a"))
    queue.call(queue.store.recover(WORKER, 3, b"", [Orphan("a", TOKEN, 1)]))

    assert queue.call(queue.store.ack([ack("a")])) == [Status.LOST]

    assert queue.situation() == together(cancelled("a"), AWAKE)
