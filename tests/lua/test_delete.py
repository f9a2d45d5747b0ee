"""delete: WAITING, DEAD -> CANCELLED, and what has ended is forgotten sooner."""

import pytest

from redisched.store.deleting import delete_tasks
from redisched.store.values import NewTask, Status
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.lua.situation import (
    Situation,
    cancelling,
    dead,
    ended,
    expiring,
    leased,
    record_of,
    together,
    waiting,
)
from tests.server_time import NOW_MS, ServerTime

pytestmark = pytest.mark.differs_by_server

RETENTION_MS = 15_000
BAND = 2**42


def delete(queue: QueueUnderTest, *ids: str) -> list[Status]:
    rows = [(id, b"gone") for id in ids]
    return queue.call(delete_tasks(queue.broker.script_runner, QUEUE, 0, RETENTION_MS, rows))


def gone(id: str) -> Situation:
    """A deleted task, of which the id is known for a while."""
    return {"outcomes": {id: f"0 {record_of(id)[:8]}gone"}, "finished": {id: NOW_MS + RETENTION_MS}}


@pytest.mark.parametrize(
    "task",
    [
        waiting("a"),
        waiting("a", run_at_ms=NOW_MS + 60_000, tries="1 0 0 3", failure="boom"),
        together(waiting("a"), {"checkpoints": {"a": "half"}, "format": "3"}),
        dead("a", tries="5 2 1 7", failure="boom"),
    ],
    ids=["waits", "retries", "has a checkpoint", "dead"],
)
def test_of_a_deleted_task_only_its_id_is_left(queue: QueueUnderTest, clock: ServerTime, task: Situation) -> None:
    queue.given(task, waiting("b"))

    assert delete(queue, "a") == [Status.DELETED]
    assert delete(queue, "a") == [Status.DELETED]

    left = queue.situation()
    left.pop("format", None)
    assert left == together(gone("a"), waiting("b"))


def test_what_a_task_has_besides_its_record_goes_with_it(queue: QueueUnderTest, clock: ServerTime) -> None:
    unique = {"traits": {"u": "unique=c0ffee done 0 "}, "unique": {"c0ffee": "u"}}
    queue.given(waiting("a"), expiring("a", expires_ms=NOW_MS + 60_000), waiting("u"), unique)

    assert delete(queue, "a", "u") == [Status.DELETED, Status.DELETED]

    left = queue.situation()
    assert {name for name in left if name != "format"} == {"outcomes", "finished"}


@pytest.mark.parametrize("more", [{}, cancelling("a")], ids=["leased", "cancelling"])
def test_a_leased_task_stays_with_its_worker(queue: QueueUnderTest, clock: ServerTime, more: Situation) -> None:
    queue.given(leased("a"), more)

    assert delete(queue, "a") == [Status.LEASED]

    assert queue.situation() == together(leased("a"), more)


@pytest.mark.parametrize(
    ("forgotten_ms", "then_ms"),
    [
        (NOW_MS + 60_000, NOW_MS + RETENTION_MS),
        (NOW_MS + 60_000 - BAND, NOW_MS + RETENTION_MS),
        (NOW_MS + 1, NOW_MS + 1),
        (NOW_MS + 1 - BAND, NOW_MS + 1 - BAND),
    ],
    ids=["late", "late or sooner", "soon", "soon or sooner"],
)
def test_what_has_ended_is_forgotten_sooner_and_never_later(
    queue: QueueUnderTest, clock: ServerTime, forgotten_ms: int, then_ms: int
) -> None:
    queue.given(ended("a", forgotten_ms=forgotten_ms))

    assert delete(queue, "a") == [Status.DELETED]

    assert queue.situation() == ended("a", forgotten_ms=then_ms)


def test_a_task_that_is_not_known_is_no_error(queue: QueueUnderTest, clock: ServerTime) -> None:
    assert delete(queue, "a") == [Status.UNKNOWN]

    assert queue.situation() == {}


def test_a_repeated_enqueue_does_not_bring_a_deleted_task_back(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(waiting("a"))
    delete(queue, "a")

    again = NewTask("a", 5, "+0", record_of("a").encode())
    assert queue.call(queue.store.enqueue([again])) == [Status.EXISTS]

    assert queue.situation() == gone("a")
