"""start: LEASED -> LEASED, of tasks that may start only once. Once it is noted, they end, but never wait again."""

from collections.abc import Callable

import pytest

from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.values import (
    Ack,
    Bury,
    Expired,
    ExpireRequest,
    FailedAttempt,
    OnlyStart,
    Orphan,
    Release,
    SnoozedTask,
    Status,
)
from tests.lua.queue import QueueUnderTest, request
from tests.lua.reaping import reaper
from tests.lua.reaping import request as reap
from tests.lua.situation import (
    TOKEN,
    Situation,
    cancelled,
    cancelling,
    dead,
    deadline,
    ended,
    expiring,
    leased,
    lost,
    once,
    together,
    waiting,
)
from tests.server_time import NOW_MS

STARTED_MS = NOW_MS - 3
FORMAT = {"format": "3"}


def start(queue: QueueUnderTest, *ids: str, token: int = TOKEN) -> list[Status]:
    starts = [OnlyStart(id, token, STARTED_MS, 1_000, f"digest-{id}lost".encode()) for id in ids]
    return queue.call(queue.store.start(starts))


def left(queue: QueueUnderTest) -> Situation:
    """The queue without the wake-up: `recover` always wakes a worker for the neighbours."""
    return {name: content for name, content in queue.situation().items() if name != "wake"}


def test_the_start_is_noted_and_a_repeated_call_changes_nothing(queue: QueueUnderTest) -> None:
    queue.given(leased("a", tries="0 1 0 0"))

    assert start(queue, "a") == [Status.STARTED]
    noted = queue.situation()
    assert start(queue, "a") == [Status.STARTED]

    assert queue.situation() == noted == together(leased("a", started_ms=STARTED_MS, tries="0 1 0 0"), once("a"))


@pytest.mark.parametrize("token", [TOKEN - 1, TOKEN + 1])
def test_another_token_notes_nothing(queue: QueueUnderTest, token: int) -> None:
    queue.given(leased("a"))

    assert start(queue, "a", token=token) == [Status.LOST]

    assert queue.situation() == leased("a")


def test_from_no_other_state_a_task_starts(queue: QueueUnderTest) -> None:
    before = together(waiting("a"), dead("b"), ended("c"))
    queue.given(before)

    assert start(queue, "a", "b", "c", "d") == [Status.LOST] * 4

    assert queue.situation() == before


def test_what_started_before_under_another_token_never_starts_again(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), once("a", token=TOKEN - 1))

    assert start(queue, "a") == [Status.LOST]


def test_neither_expiry_nor_deadline_matter_once_it_has_started(queue: QueueUnderTest) -> None:
    expiry = expiring("a", expires_ms=NOW_MS + 1)
    traits = {"a": f"lane=x deadline=7 {expiry['traits']['a']}"}
    queue.given(leased("a"), expiry | {"traits": traits} | FORMAT)

    start(queue, "a")

    found = queue.situation()
    assert (found["traits"], "expiring" in found) == ({"a": f"lane=x {once('a')['traits']['a']}"}, False)


LET_WAIT: dict[str, Callable[[Store], Operation[object]]] = {
    "retry": lambda store: store.retry([FailedAttempt("a", TOKEN, 0, b"boom")]),
    "snooze": lambda store: store.snooze([SnoozedTask("a", TOKEN, 0)]),
    "release": lambda store: store.release([Release("a", TOKEN, 0, started=1)]),
    "recover": lambda store: store.recover("worker-1", 3, b"crashed", [Orphan("a", TOKEN, 1)]),
    "recover without its start": lambda store: store.recover("worker-1", 3, b"crashed", [Orphan("a", TOKEN, 0)]),
}


@pytest.mark.parametrize("edge", LET_WAIT)
def test_what_may_not_start_again_is_lost_instead_of_waiting(queue: QueueUnderTest, edge: str) -> None:
    queue.given(leased("a", started_ms=STARTED_MS, tries="0 1 0 0", failure="before"), once("a"))

    assert queue.call(LET_WAIT[edge](queue.store)) == [Status.NOT_AGAIN]

    assert left(queue) == together(lost("a"), FORMAT)
    assert queue.call(LET_WAIT[edge](queue.store)) == [Status.LOST]


def test_when_its_lease_ends_it_is_lost(queue: QueueUnderTest) -> None:
    queue.given(leased("a", ends_ms=1), once("a"), reaper())

    assert queue.call(queue.store.reap(reap())).tasks == [("a", Status.NOT_AGAIN)]

    assert queue.situation()["outcomes"] == lost("a")["outcomes"]


def test_a_worker_that_has_not_started_it_gives_it_back(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), once("a"))

    assert queue.call(queue.store.release([Release("a", TOKEN, 0)])) == [Status.RELEASED]

    found = queue.situation()
    assert ("traits" in found, list(found["waiting"])) == (False, ["a"])


@pytest.mark.parametrize("ended_by", ["claim", "expire"])
def test_one_that_waits_through_damage_is_not_leased_again(queue: QueueUnderTest, ended_by: str) -> None:
    queue.given(waiting("a"), once("a"), {"expiring": {"a": 1}})

    if ended_by == "claim":
        assert queue.call(queue.store.claim(request())).leases == []
    else:
        assert queue.call(queue.store.expire(ExpireRequest(limit=9, lease_ms=1_000))) == Expired(1, 1)

    assert queue.situation()["outcomes"] == lost("a")["outcomes"]


def test_a_requested_cancellation_ends_it_as_cancelled(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), once("a"), cancelling("a"))

    assert queue.call(queue.store.recover("worker-1", 3, b"crashed", [Orphan("a", TOKEN, 1)])) == [Status.CANCELLED]

    assert left(queue) == together(cancelled("a"), FORMAT)


def test_its_handler_ends_it_like_any_other(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), once("a"), leased("b"), once("b"))

    assert queue.call(queue.store.ack([Ack("a", TOKEN, 1_000, b"digest-aend of a")])) == [Status.ACKED]
    assert queue.call(queue.store.bury([Bury("b", TOKEN, b"boom")])) == [Status.BURIED]

    found = queue.situation()
    assert (found["outcomes"], found["dead"].keys()) == (ended("a")["outcomes"], {"b"})
    assert found["traits"].keys() == {"b"}


def test_a_dead_one_is_not_revived(queue: QueueUnderTest) -> None:
    before = together(dead("a"), once("a"))
    queue.given(before)

    assert queue.call(queue.store.revive(["a"])) == [Status.NOT_AGAIN]

    assert queue.situation() == before


def test_a_dead_one_that_never_started_is_revived(queue: QueueUnderTest) -> None:
    queue.given(dead("a"), deadline("a", deadline_ms=1, started=False))

    assert queue.call(queue.store.revive(["a"])) == [Status.REVIVED]
