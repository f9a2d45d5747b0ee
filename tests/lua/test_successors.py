"""Tasks that wait for the end of the task that holds their unique key, and calls that come again."""

import pytest

from redisched.model import score_of
from redisched.store.enqueued import Duplicate
from redisched.store.values import Ack, Reprioritization, Status
from tests.lua.keyed import KEY, PARKED_MS, enqueue, keyed, new, succeeding
from tests.lua.queue import QueueUnderTest, request
from tests.lua.situation import AWAKE, TOKEN, leased, together, waiting
from tests.server_time import NOW_MS, ServerTime

LEASED_WITH_SUCCESSOR = together(leased("a"), keyed("a"), succeeding("b", NOW_MS + 60_000))


def reprioritize(queue: QueueUnderTest, id: str, priority: int | str, when: str) -> Status:
    (status,) = queue.call(queue.store.reprioritize([Reprioritization(id, priority, when)]))
    return status


@pytest.mark.parametrize("when", ["+0", "@0", "+5000"])
def test_a_successor_that_gets_another_time_waits_for_the_end_of_the_holder(queue: QueueUnderTest, when: str) -> None:
    queue.given(LEASED_WITH_SUCCESSOR)
    run_at_ms = 0 if when == "@0" else NOW_MS + int(when[1:])

    assert reprioritize(queue, "b", 3, when) == Status.REPRIORITIZED

    found = queue.situation()
    assert found["waiting"] == {"b": score_of(3, PARKED_MS)}
    assert found["successors"] == {KEY: f"{run_at_ms} b"}
    assert queue.call(queue.store.claim(request(limit=9))).leases == []

    queue.call(queue.store.ack([Ack("a", TOKEN, 1_000, b"digest-aend")]))
    assert queue.situation()["waiting"] == {"b": score_of(3, run_at_ms)}


def test_a_successor_that_gets_another_priority_keeps_its_own_time(queue: QueueUnderTest) -> None:
    queue.given(LEASED_WITH_SUCCESSOR)

    assert reprioritize(queue, "b", 0, "") == Status.REPRIORITIZED

    found = queue.situation()
    assert found["waiting"] == {"b": score_of(0, PARKED_MS)}
    assert found["successors"] == {KEY: f"{NOW_MS + 60_000} b"}


def test_a_task_that_waits_for_the_latest_time_and_has_its_key_gets_another_time(queue: QueueUnderTest) -> None:
    queue.given(waiting("a", run_at_ms=PARKED_MS), keyed("a"))

    assert reprioritize(queue, "a", "", "+0") == Status.REPRIORITIZED

    assert queue.situation()["waiting"] == {"a": score_of(5, NOW_MS)}


def test_a_repeated_debounce_counts_once(queue: QueueUnderTest, clock: ServerTime) -> None:
    enqueue(queue, new("a", "debounce", when="+5000"))
    again = new("b", "debounce", when="+5000")
    assert enqueue(queue, again) == [Duplicate("a")]
    before = queue.situation()
    clock.advance(3_000)

    assert enqueue(queue, again) == [Duplicate("a")]

    assert queue.situation() == before
    assert before["traits"]["a"] == f"unique={KEY} done 0 call={b'b'.hex()} "


def test_a_later_debounce_puts_the_task_off_again(queue: QueueUnderTest, clock: ServerTime) -> None:
    enqueue(queue, *(new(id, "debounce", when="+5000") for id in "ab"))
    clock.advance(3_000)

    assert enqueue(queue, new("c", "debounce", when="+5000")) == [Duplicate("a")]

    assert queue.situation()["waiting"] == {"a": score_of(5, NOW_MS + 8_000)}


def test_a_debounce_that_comes_again_once_its_task_runs_adds_no_successor(queue: QueueUnderTest) -> None:
    queue.given(AWAKE)
    enqueue(queue, new("a", "debounce"), again := new("b", "debounce"))
    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["a"]

    assert enqueue(queue, again) == [Duplicate("a")]
    assert enqueue(queue, new("c", "debounce")) == [Status.CREATED]
    assert enqueue(queue, again) == [Duplicate("a")]

    assert queue.situation()["successors"] == {KEY: f"{NOW_MS} c"}


def test_a_key_that_was_held_until_a_moment_goes_with_its_task_once_that_is_debounced(
    queue: QueueUnderTest, clock: ServerTime
) -> None:
    enqueue(queue, new("a", scope="+1000", when="+5000"), new("b", "debounce", when="+5000"))
    clock.advance(2_000)

    assert enqueue(queue, new("c")) == [Duplicate("a")]
    assert "lapsing" not in queue.situation()
