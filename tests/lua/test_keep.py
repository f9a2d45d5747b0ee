"""What the edges keep of a task with its outcome, and of its failed attempts."""

import pytest

from redisched.store.values import Ack, ExpireRequest, FailedAttempt, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import DUE_MS, TOKEN, ended, expiring, leased, packed, together, waiting
from tests.server_time import NOW_MS

KEEPS_TASK = b"\x98"
"""The outcome that begins with it is kept with its task."""
MOST_BYTES = 65_536
SCORE = 5 * 2**42 + DUE_MS


def whole(token: int, end: bytes, failures: bytes = b"") -> str:
    """An outcome, the score, the body and the failures of task a."""
    stored = b"digest-a" + KEEPS_TASK + end + packed(SCORE) + b"body of a" + failures
    return stored.decode(errors="backslashreplace")


def test_an_ack_keeps_the_task_with_its_outcome(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="2 0 0 5", failure="second first"), leased("b"))
    acks = [Ack("a", TOKEN, 1_000, b"digest-a" + KEEPS_TASK + b"end"), Ack("b", TOKEN, 1_000, b"digest-bend of b")]

    assert queue.call(queue.store.ack(acks)) == [Status.ACKED] * 2

    assert queue.situation() == together(ended("a", outcome=whole(TOKEN, b"end", b"second first")), ended("b"))


def test_a_cancellation_keeps_it_at_once_or_when_its_worker_gives_it_up(queue: QueueUnderTest) -> None:
    queue.given(waiting("a", tries="1 0 0 5", failure="boom"), leased("b", failure="boom"))

    cancelled = [("a", KEEPS_TASK + b"end"), ("b", KEEPS_TASK + b"end")]
    assert queue.call(queue.store.cancel(1_000, cancelled)) == [Status.CANCELLED, Status.CANCELLING]
    assert queue.call(queue.store.retry([FailedAttempt("b", TOKEN, 0, b"again")])) == [Status.CANCELLED]

    of_a = whole(0, b"end", b"boom")
    of_b = of_a.replace("digest-a", "digest-b").replace("body of a", "body of b")
    assert queue.situation() == together(ended("a", token=0, outcome=of_a), ended("b", token=0, outcome=of_b))


def test_an_expiry_keeps_it(queue: QueueUnderTest) -> None:
    traits = {"traits": {"a": b"expires=%d 1000 digest-a%bend" % (NOW_MS, KEEPS_TASK)}}
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS), traits)

    queue.call(queue.store.expire(ExpireRequest(limit=1, lease_ms=1)))

    outcome = whole(0, b"end" + packed(NOW_MS) + b"\xc0")
    assert queue.situation() == together(ended("a", token=0, outcome=outcome), {"format": "2"})


@pytest.mark.parametrize("earlier", [MOST_BYTES - 9, MOST_BYTES])
def test_the_oldest_failures_are_cut_off_where_they_are_too_long(queue: QueueUnderTest, earlier: int) -> None:
    queue.given(leased("a", failure="x" * earlier))

    queue.call(queue.store.retry([FailedAttempt("a", TOKEN, 0, b"newest ")]))

    kept = queue.situation()["failures"]["a"].partition(" ")[2]
    assert kept == ("newest " + "x" * earlier)[:MOST_BYTES]


def test_failures_that_somebody_else_wrote_are_replaced(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), {"failures": {"a": "garbage"}})

    queue.call(queue.store.retry([FailedAttempt("a", TOKEN, 0, b"boom")]))

    assert queue.situation()["failures"] == {"a": f"{SCORE} boom"}
