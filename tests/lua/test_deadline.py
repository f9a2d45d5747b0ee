"""A deadline: no attempt but the first begins from that moment on. The task is dead instead of waiting for one."""

import pytest

from redisched.codec import decode_failures, encode_failure
from redisched.model import DeathReason, Failure
from redisched.store.values import (
    Expired,
    ExpireRequest,
    FailedAttempt,
    NewTask,
    Orphan,
    Release,
    SnoozedTask,
    Status,
)
from tests.lua.queue import QueueUnderTest, request
from tests.lua.reaping import reaper
from tests.lua.reaping import request as reap
from tests.lua.situation import TOKEN, dead, deadline, expiring, leased, together, waiting
from tests.server_time import NOW_MS

FAILURE = encode_failure(Failure(name="mail", error="boom", traceback="a trace", attempt=1))


def retry(queue: QueueUnderTest, *, delay_ms: int, until_ms: int = 0, id: str = "a") -> list[Status]:
    return queue.call(queue.store.retry([FailedAttempt(id, TOKEN, delay_ms, FAILURE, until_ms)]))


def failures(queue: QueueUnderTest, id: str = "a") -> tuple[Failure, ...]:
    stored = queue.broker.client().perform(("HGET", queue.store.keys.failures, id))
    return decode_failures(stored.partition(b" ")[2])


def test_a_retry_that_would_begin_at_the_deadline_buries_the_task(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), deadline("a", deadline_ms=NOW_MS + 500, started=False))

    assert retry(queue, delay_ms=500) == [Status.BURIED]

    found = queue.situation()
    assert (found["dead"], found["tries"]) == ({"a": NOW_MS}, {"a": f"1 0 0 {TOKEN}"})
    assert not {"waiting", "held", "leases"} & found.keys()
    (failure,) = failures(queue)
    assert (failure.reason, failure.error, failure.traceback) == (DeathReason.DEADLINE, "boom", "a trace")


def test_a_repeated_retry_is_known_when_the_first_buried_the_task(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), deadline("a", deadline_ms=NOW_MS, started=False))
    retry(queue, delay_ms=0)
    buried = queue.situation()

    assert retry(queue, delay_ms=0) == [Status.ALREADY]
    assert queue.situation() == buried


def test_a_retry_that_begins_before_the_deadline_waits_and_is_watched(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), deadline("a", deadline_ms=NOW_MS + 501, started=False))

    assert retry(queue, delay_ms=500) == [Status.RETRIED]

    found = queue.situation()
    assert (found["traits"], found["expiring"]) == ({"a": f"deadline={NOW_MS + 501}! "}, {"a": NOW_MS + 501})
    assert found["waiting"]


@pytest.mark.parametrize(("own_ms", "given_ms"), [(900, 700), (700, 900)])
def test_of_two_deadlines_the_earlier_one_counts(queue: QueueUnderTest, own_ms: int, given_ms: int) -> None:
    queue.given(leased("a"), deadline("a", deadline_ms=NOW_MS + own_ms))

    assert retry(queue, delay_ms=0, until_ms=NOW_MS + given_ms) == [Status.RETRIED]

    assert queue.situation()["traits"] == {"a": f"deadline={NOW_MS + 700}! "}


def test_a_retry_that_sets_the_first_deadline_raises_the_format(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    assert retry(queue, delay_ms=0, until_ms=NOW_MS + 700) == [Status.RETRIED]

    found = queue.situation()
    assert (found["format"], found["expiring"]) == ("3", {"a": NOW_MS + 700})


def test_a_retry_without_a_deadline_leaves_the_format(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    assert retry(queue, delay_ms=0) == [Status.RETRIED]

    assert not {"format", "traits", "expiring"} & queue.situation().keys()


def test_a_snooze_beyond_the_deadline_buries_the_task(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), deadline("a", deadline_ms=NOW_MS + 500, started=False))

    assert queue.call(queue.store.snooze([SnoozedTask("a", TOKEN, 500)])) == [Status.BURIED]

    assert queue.situation()["dead"] == {"a": NOW_MS}
    assert failures(queue)[0].reason == DeathReason.DEADLINE


@pytest.mark.parametrize("ended_by", ["claim", "expire"])
def test_a_retry_that_nobody_began_in_time_never_begins(queue: QueueUnderTest, ended_by: str) -> None:
    queue.given(
        waiting("a", tries="1 0 0 3", failure=FAILURE.decode("latin-1")), deadline("a", deadline_ms=NOW_MS), reaper()
    )
    if ended_by == "claim":
        assert queue.call(queue.store.claim(request())).leases == []
    else:
        assert queue.call(queue.store.expire(ExpireRequest(limit=9, lease_ms=1_000))) == Expired(1, 1)

    found = queue.situation()
    assert (found["dead"], "waiting" in found) == ({"a": NOW_MS}, False)


def test_a_first_start_is_not_bound_by_the_deadline(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), deadline("a", deadline_ms=NOW_MS - 1, started=False))

    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["a"]


def test_the_deadline_counts_after_a_crash_and_after_an_interruption(queue: QueueUnderTest) -> None:
    queue.given(
        *(together(leased(id, started_ms=NOW_MS - 9, ends_ms=1), not_begun(id)) for id in "abc"),
        together(leased("d", ends_ms=1), not_begun("d")),
        reaper(),
    )

    queue.call(queue.store.recover("", 3, b"crashed", [Orphan("a", TOKEN, 1)]))
    queue.call(queue.store.release([Release("b", TOKEN, 0, started=1), Release("d", TOKEN, 0)]))
    queue.call(queue.store.reap(reap()))

    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["d"]
    assert queue.situation()["dead"].keys() == {"a", "b", "c"}
    assert {failures(queue, id)[-1].reason for id in "abc"} == {DeathReason.DEADLINE}


def not_begun(id: str) -> dict[str, object]:
    """A deadline that is over, of a task that is leased for the first time."""
    return deadline(id, deadline_ms=NOW_MS, started=False)


def test_a_revived_task_has_no_deadline_any_more(queue: QueueUnderTest) -> None:
    queue.given(dead("a"), deadline("a", deadline_ms=NOW_MS - 1))

    assert queue.call(queue.store.revive(["a"])) == [Status.REVIVED]

    assert not {"traits", "expiring"} & queue.situation().keys()
    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["a"]


def test_a_new_task_may_have_a_deadline_and_an_expiry(queue: QueueUnderTest) -> None:
    ending = b"expires=+900 1 digest-aend"
    tasks = [
        NewTask("a", 5, "+0", b"digest-a", b"deadline=+250 "),
        NewTask("b", 5, "+0", b"digest-b", b"deadline=@7 " + ending),
        NewTask("c", 5, "+0", b"digest-c", b"lane=x " + ending),
    ]

    assert queue.call(queue.store.enqueue(tasks)) == [Status.CREATED] * 3

    found = queue.situation()
    expires = f"expires={NOW_MS + 900} 1 digest-aend"
    assert found["traits"] == {
        "a": f"deadline={NOW_MS + 250} ",
        "b": f"deadline=7 {expires}",
        "c": f"lane=x {expires}",
    }
    assert (found["expiring"], found["format"]) == (dict.fromkeys("bc", NOW_MS + 900), "3")


def test_other_traits_stay_when_a_deadline_begins_to_count(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), {"traits": {"a": "lane=x deadline=9999999999999 unique=y "}, "format": "3"})

    assert retry(queue, delay_ms=0) == [Status.RETRIED]

    assert queue.situation()["traits"] == {"a": "deadline=9999999999999! lane=x unique=y "}


def test_an_expiry_ends_with_the_first_start_and_the_deadline_begins(queue: QueueUnderTest) -> None:
    expiry = expiring("a", expires_ms=NOW_MS + 1)
    traits = f"deadline={NOW_MS + 700} {expiry['traits']['a']}"
    queue.given(leased("a"), expiry | {"traits": {"a": traits}, "format": "3"})

    assert retry(queue, delay_ms=0) == [Status.RETRIED]

    assert queue.situation()["expiring"] == {"a": NOW_MS + 700}
