"""checkpoint: LEASED -> LEASED. How far a handler has come stays with its task until its record goes."""

from collections.abc import Callable

import pytest

from redisched.model import TaskState
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.values import (
    Ack,
    Bury,
    Checkpoint,
    FailedAttempt,
    ForgetLimits,
    Orphan,
    Release,
    SnoozedTask,
    Status,
)
from tests.lua.queue import QUEUE, QueueUnderTest, request
from tests.lua.reaping import reaper
from tests.lua.reaping import request as reap
from tests.lua.situation import TOKEN, Situation, cancelling, dead, ended, leased, once, together, waiting
from tests.scrubbing import scrub_all

FORMAT = {"format": "3"}


def saved(id: str, state: str = "page 7") -> Situation:
    return {"checkpoints": {id: state}} | FORMAT


def save(queue: QueueUnderTest, *ids: str, token: int = TOKEN, state: bytes = b"page 7") -> list[Status]:
    return queue.call(queue.store.checkpoint([Checkpoint(id, token, state) for id in ids]))


def test_a_state_is_saved_and_the_next_one_takes_its_place(queue: QueueUnderTest) -> None:
    before = leased("a", tries="0 1 0 0")
    queue.given(before)

    assert save(queue, "a", state=b"page 1") == [Status.SAVED]
    assert save(queue, "a") == save(queue, "a") == [Status.SAVED]

    assert queue.situation() == together(before, saved("a"))


@pytest.mark.parametrize("token", [TOKEN - 1, TOKEN + 1])
def test_a_worker_that_lost_the_lease_saves_nothing(queue: QueueUnderTest, token: int) -> None:
    before = together(leased("a"), saved("a", "page 9"))
    queue.given(before)

    assert save(queue, "a", token=token) == [Status.LOST]

    assert queue.situation() == before


def test_in_no_other_state_a_task_is_given_one(queue: QueueUnderTest) -> None:
    before = together(waiting("a"), dead("b"), ended("c"))
    queue.given(before)

    assert save(queue, "a", "b", "c", "d") == [Status.LOST] * 4

    assert queue.situation() == before


KEPT: dict[str, Callable[[Store], Operation[object]]] = {
    "retry": lambda store: store.retry([FailedAttempt("a", TOKEN, 0, b"boom")]),
    "snooze": lambda store: store.snooze([SnoozedTask("a", TOKEN, 0)]),
    "release": lambda store: store.release([Release("a", TOKEN, 0, started=1)]),
    "recover": lambda store: store.recover("worker-1", 3, b"crashed", [Orphan("a", TOKEN, 1)]),
    "bury": lambda store: store.bury([Bury("a", TOKEN, b"boom")]),
}


@pytest.mark.parametrize("edge", KEPT)
def test_it_stays_while_the_task_may_run_again(queue: QueueUnderTest, edge: str) -> None:
    queue.given(leased("a"), saved("a"))

    queue.call(KEPT[edge](queue.store))

    assert queue.situation()["checkpoints"] == {"a": "page 7"}


def test_it_stays_when_a_lease_ends(queue: QueueUnderTest) -> None:
    queue.given(leased("a", ends_ms=1), saved("a"), reaper())

    assert queue.call(queue.store.reap(reap())).tasks == [("a", Status.RECOVERED)]

    assert queue.situation()["checkpoints"] == {"a": "page 7"}


GONE: dict[str, Callable[[Store], Operation[object]]] = {
    "ack": lambda store: store.ack([Ack("a", TOKEN, 1_000, b"digest-aend of a")]),
    "cancelled release": lambda store: store.release([Release("a", TOKEN, 0)]),
    "cancel": lambda store: store.cancel(1_000, [("b", b"cancelled")]),
    "discard": lambda store: store.discard(1_000, [("c", b"discarded")]),
    "forget": lambda store: store.forget(ForgetLimits(limit=9, dead_retention_ms=1_000)),
    "lost": lambda store: store.retry([FailedAttempt("d", TOKEN, 0, b"boom")]),
}


@pytest.mark.parametrize("edge", GONE)
def test_it_goes_with_the_record(queue: QueueUnderTest, edge: str) -> None:
    asked = cancelling("a") if edge == "cancelled release" else {}
    tasks = together(leased("a"), asked, waiting("b"), dead("c", died_ms=1), leased("d"), once("d"))
    queue.given(tasks, saved("a"), saved("b"), saved("c"), saved("d"))

    queue.call(GONE[edge](queue.store))

    found = queue.situation()
    assert found["checkpoints"].keys() == found["tasks"].keys() < {"a", "b", "c", "d"} | found["tasks"].keys()
    assert len(found["checkpoints"]) < 4


@pytest.mark.parametrize(("body", "kept"), [(b"", True), (b"other arguments", False)])
def test_a_replay_keeps_it_only_with_the_same_arguments(queue: QueueUnderTest, body: bytes, *, kept: bool) -> None:
    queue.given(dead("a"), saved("a"))

    assert queue.call(queue.store.revive(["a"], body)) == [Status.REVIVED]

    assert ("checkpoints" in queue.situation()) is kept


def test_a_claim_says_which_tasks_have_one_also_when_it_is_repeated(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), waiting("b", tries="1 0 0 3"), waiting("c", tries="2 0 0 3"), saved("a"), saved("b"))

    for _ in range(2):
        leases = queue.call(queue.store.claim(request(limit=9))).leases
        assert {lease.id: (lease.attempts, lease.has_checkpoint) for lease in leases} == {
            "a": (0, True),
            "b": (1, True),
            "c": (2, False),
        }


def test_the_state_is_read_as_it_was_saved(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b"))
    save(queue, "a", state=b"\x00\xff")

    assert [queue.call(queue.store.saved(id)) for id in ("a", "b")] == [b"\x00\xff", b""]


def test_observers_see_its_size(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b"), saved("a"))

    views = queue.call(ShardInspector(queue.broker.script_runner, QUEUE, 0).states(["a", "b", "c"]))

    assert [(view.state, view.checkpoint_bytes) for view in views] == [
        (TaskState.LEASED, 6),
        (TaskState.LEASED, 0),
        (TaskState.UNKNOWN, 0),
    ]


def test_a_scrubber_removes_one_without_a_task(empty_queue: QueueUnderTest) -> None:
    kept = together(waiting("b"), leased("c"), dead("d"), saved("b"), saved("c"), saved("d"))
    empty_queue.given(kept, saved("a"), ended("e"), saved("e"))

    assert sorted(id for id, _ in scrub_all(empty_queue.broker, QUEUE)) == ["a", "e"]

    assert empty_queue.situation()["checkpoints"].keys() == {"b", "c", "d"}
