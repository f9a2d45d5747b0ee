"""enqueue: NEW -> WAITING."""

import pytest

from redisched.model import BAND, LARGEST_RUN_AT_MS
from redisched.shard_map import ShardMap
from redisched.store.values import NewTask, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import AWAKE, Situation, dead, ended, leased, record_of, together, waiting
from tests.server_time import NOW_MS


def new(id: str, when: str = "+0", *, priority: int = 5, record: str | None = None) -> NewTask:
    return NewTask(id, priority, when, (record or record_of(id)).encode())


def test_a_new_task_waits_and_one_worker_is_woken(empty_queue: QueueUnderTest) -> None:
    assert empty_queue.call(empty_queue.store.enqueue([new("a")])) == [Status.CREATED]

    assert empty_queue.situation() == together(waiting("a", run_at_ms=NOW_MS), AWAKE)


@pytest.mark.parametrize(
    ("when", "run_at_ms"),
    [
        ("+0", NOW_MS),
        ("+1", NOW_MS + 1),
        (f"+{LARGEST_RUN_AT_MS - NOW_MS}", LARGEST_RUN_AT_MS),
        ("@0", 0),
        (f"@{NOW_MS - 1}", NOW_MS - 1),
        (f"@{LARGEST_RUN_AT_MS}", LARGEST_RUN_AT_MS),
    ],
)
@pytest.mark.parametrize("priority", [0, 255])
def test_the_score_is_exact_at_its_limits(queue: QueueUnderTest, when: str, run_at_ms: int, priority: int) -> None:
    assert queue.call(queue.store.enqueue([new("a", when, priority=priority)])) == [Status.CREATED]

    assert queue.situation() == together(waiting("a", priority=priority, run_at_ms=run_at_ms), AWAKE)


@pytest.mark.parametrize("when", [f"@{BAND}", f"+{BAND - NOW_MS}", f"+{2**53}"])
def test_a_task_that_would_run_after_2109_is_not_written(queue: QueueUnderTest, when: str) -> None:
    assert queue.call(queue.store.enqueue([new("a", when)])) == [Status.TOO_LATE]

    assert queue.situation() == {}


@pytest.mark.parametrize(
    "present",
    [waiting("a"), leased("a"), dead("a"), ended("a"), ended("a", forgotten_ms=NOW_MS - 1)],
    ids=["waiting", "leased", "dead", "ended", "ended long ago but not yet forgotten"],
)
@pytest.mark.parametrize(
    ("record", "status"), [(record_of("a"), Status.EXISTS), ("DIGEST-abody of a", Status.CONFLICT)]
)
def test_an_id_in_use_is_not_written_again(
    queue: QueueUnderTest, present: Situation, record: str, status: Status
) -> None:
    queue.given(present)

    again = new("a", "+5", priority=0, record=record)
    assert queue.call(queue.store.enqueue([again])) == [status]

    assert queue.situation() == present


def test_the_digest_is_found_in_an_outcome_with_spaces_and_digits(queue: QueueUnderTest) -> None:
    queue.given({"outcomes": {"a": "7 1 2 3 4  end"}, "finished": {"a": NOW_MS}})

    same, other = new("a", record="1 2 3 4 body"), new("a", record="1 2 3 5 body")

    assert queue.call(queue.store.enqueue([same, other])) == [Status.EXISTS, Status.CONFLICT]


def test_if_a_call_names_a_task_twice_the_first_counts(queue: QueueUnderTest) -> None:
    tasks = [new("a"), new("a", "+9"), new("a", record="DIGEST-abody of a"), new("b")]

    statuses = queue.call(queue.store.enqueue(tasks))

    assert statuses == [Status.CREATED, Status.EXISTS, Status.CONFLICT, Status.CREATED]
    assert queue.situation() == together(waiting("a", run_at_ms=NOW_MS), waiting("b", run_at_ms=NOW_MS), AWAKE)


def test_a_repeated_call_changes_nothing(queue: QueueUnderTest) -> None:
    tasks = [new("a"), new("b", "+60000"), new("c", f"@{BAND}")]
    queue.call(queue.store.enqueue(tasks))
    first = queue.situation()

    assert queue.call(queue.store.enqueue(tasks)) == [Status.EXISTS, Status.EXISTS, Status.TOO_LATE]

    assert queue.situation() == first


def test_a_call_that_adds_nothing_wakes_nobody(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"))

    queue.call(queue.store.enqueue([new("a"), new("b", f"@{BAND}")]))

    assert "wake" not in queue.situation()


def test_many_new_tasks_leave_one_wake_up(queue: QueueUnderTest) -> None:
    for id in "abc":
        queue.call(queue.store.enqueue([new(id), new(f"{id}2")]))

    assert queue.situation()["wake"] == ["1"]


def test_a_batch_may_be_larger_than_what_lua_can_unpack_at_once(queue: QueueUnderTest) -> None:
    tasks = [new(f"a{number}") for number in range(1_001)]

    assert queue.call(queue.store.enqueue(tasks)) == [Status.CREATED] * 1_001

    assert queue.situation() == together(*(waiting(task.id, run_at_ms=NOW_MS) for task in tasks), AWAKE)


def test_a_body_may_have_any_bytes(queue: QueueUnderTest) -> None:
    record = bytes(range(256))
    queue.call(queue.store.enqueue([NewTask("a", 5, "+0", record)]))

    stored = queue.broker.client().perform(("HGET", queue.store.keys.tasks, "a"))

    assert stored == record


@pytest.mark.parametrize(("kept", "named"), [(None, ShardMap()), ("1 3", ShardMap((1, 3))), ("1 3", None)])
def test_a_task_is_created_if_the_named_shard_map_is_the_stored_one_or_none_is_named(
    queue: QueueUnderTest, kept: str | None, named: ShardMap | None
) -> None:
    queue.given({} if kept is None else {"layout": kept})

    assert queue.call(queue.store.enqueue([new("a")], named)) == [Status.CREATED]


@pytest.mark.parametrize(
    ("kept", "named"), [("1 3", ShardMap()), (None, ShardMap((1, 3))), ("1 3", ShardMap((1, 3, 12)))]
)
def test_if_another_shard_map_is_named_nothing_is_written(
    queue: QueueUnderTest, kept: str | None, named: ShardMap
) -> None:
    queue.given({} if kept is None else {"layout": kept})
    before = queue.situation()

    assert queue.call(queue.store.enqueue([new("a"), new("b")], named)) == [
        Status.STALE_SHARD_MAP,
        Status.STALE_SHARD_MAP,
    ]

    assert queue.situation() == before


@pytest.mark.parametrize("when", ["+0", "+1"])
@pytest.mark.parametrize("named", [None, ShardMap()])
def test_a_single_task_is_stored_as_one_of_many_is(queue: QueueUnderTest, when: str, named: ShardMap | None) -> None:
    alone, first, second = (queue.call(queue.store.enqueue(tasks, named)) for tasks in ([new("a", when)],) * 3)
    together_with_another = queue.call(queue.store.enqueue([new("a", when), new("b", when)], named))

    assert [alone, first, second] == [[Status.CREATED], [Status.EXISTS], [Status.EXISTS]]
    assert together_with_another == [Status.EXISTS, Status.CREATED]
    run_at_ms = NOW_MS + int(when)
    assert queue.situation() == together(waiting("a", run_at_ms=run_at_ms), waiting("b", run_at_ms=run_at_ms), AWAKE)


def test_enqueueing_again_restores_a_lost_record(queue: QueueUnderTest) -> None:
    queue.given({"waiting": {"a": 1}})

    assert queue.call(queue.store.enqueue([new("a")])) == [Status.CREATED]

    assert queue.situation() == together(waiting("a", run_at_ms=NOW_MS), AWAKE)
