"""watch: a caller is noted as a watcher of a task, and whatever ends the task tells it."""

from collections.abc import Callable, Iterator

import pytest

from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.operation import Operation, run
from redisched.store.store import Store
from redisched.store.subscription import Subscription
from redisched.store.values import (
    Ack,
    Bury,
    ExpireRequest,
    FailedAttempt,
    Orphan,
    ReapRequest,
    Release,
    SnoozedTask,
)
from redisched.store.watching import WATCH_MS, watch
from tests.lua.queue import QUEUE, QueueUnderTest, request
from tests.lua.situation import (
    TOKEN,
    WORKER,
    Situation,
    cancelling,
    dead,
    ended,
    expiring,
    leased,
    together,
    waiting,
)
from tests.server_time import NOW_MS, ServerTime

CHANNEL, OTHER = "redisched:ends:one", "redisched:ends:other"
UNTIL_MS = NOW_MS + WATCH_MS
REAP = ReapRequest(worker="reaper", hold_ms=1, grace_ms=0, limit=9, crash_limit=1, failure=b"crashed", lease_ms=30_000)


@pytest.fixture
def messages(broker: Broker) -> Iterator[Subscription]:
    subscription = broker.client().subscribe(CHANNEL)
    yield subscription
    subscription.close()


def watched(id: str, *channels: str, until_ms: int = UNTIL_MS) -> Situation:
    return {"watched": {id: " ".join(f"{until_ms} {channel}" for channel in channels)}}


def states(queue: QueueUnderTest, *ids: str, channel: str = CHANNEL) -> list[TaskState]:
    views = queue.call(watch(queue.broker.script_runner, QUEUE, 0, channel, ids))
    return [view.state for view in views]


def test_waiting_and_leased_tasks_are_watched(queue: QueueUnderTest) -> None:
    before = together(waiting("a"), leased("b"))
    queue.given(before)

    assert states(queue, "a", "b") == [TaskState.READY, TaskState.LEASED]

    assert queue.situation() == together(before, watched("a", CHANNEL), watched("b", CHANNEL))


def test_ended_and_unknown_tasks_are_only_described(queue: QueueUnderTest) -> None:
    before = together(dead("a"), ended("b"))
    queue.given(before)

    assert states(queue, "a", "b", "c") == [TaskState.DEAD, TaskState.UNKNOWN, TaskState.UNKNOWN]

    assert queue.situation() == before


def test_a_repeated_call_renews_the_time_and_adds_nothing(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(waiting("a"))
    states(queue, "a")
    states(queue, "a", channel=OTHER)
    clock.move_to(NOW_MS + 5)

    states(queue, "a")

    assert queue.situation()["watched"] == {"a": f"{UNTIL_MS + 5} {CHANNEL} {UNTIL_MS} {OTHER}"}


def test_a_watcher_whose_time_is_over_goes_when_the_next_is_noted(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), watched("a", OTHER, until_ms=NOW_MS))

    states(queue, "a")

    assert queue.situation()["watched"] == watched("a", CHANNEL)["watched"]


def test_a_task_has_a_bounded_number_of_watchers(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), watched("a", *(f"{OTHER}-{number}" for number in range(200))))

    states(queue, "a")

    (watchers,) = queue.situation()["watched"].values()
    assert watchers.startswith(f"{UNTIL_MS} {CHANNEL} ")
    assert len(watchers.split()) == 2 * 100


LEASED = leased("a", ends_ms=NOW_MS)
ENDS: dict[str, tuple[Situation, Callable[[Store], Operation[object]]]] = {
    "ack": (LEASED, lambda store: store.ack([Ack("a", TOKEN, 1_000, b"digest-aend")])),
    "bury": (LEASED, lambda store: store.bury([Bury("a", TOKEN, b"boom")])),
    "reap": (leased("a", ends_ms=NOW_MS, started_ms=1), lambda store: store.reap(REAP)),
    "recover": (LEASED, lambda store: store.recover(WORKER, 1, b"crashed", [Orphan("a", TOKEN, 1)])),
    "cancel": (waiting("a"), lambda store: store.cancel(1_000, [("a", b"cancelled")])),
    "claim": (together(waiting("a"), expiring("a", expires_ms=1)), lambda store: store.claim(request())),
    "expire": (
        together(waiting("a"), expiring("a", expires_ms=1)),
        lambda store: store.expire(ExpireRequest(limit=9, lease_ms=1_000)),
    ),
    "retry, cancelled": (
        together(LEASED, cancelling("a")),
        lambda store: store.retry([FailedAttempt("a", TOKEN, 1, b"boom")]),
    ),
    "snooze, cancelled": (together(LEASED, cancelling("a")), lambda store: store.snooze([SnoozedTask("a", TOKEN, 1)])),
    "release, cancelled": (together(LEASED, cancelling("a")), lambda store: store.release([Release("a", TOKEN, 1)])),
}


@pytest.mark.parametrize("edge", ENDS)
def test_every_end_tells_the_watchers_and_removes_them(
    empty_queue: QueueUnderTest, messages: Subscription, edge: str
) -> None:
    before, end = ENDS[edge]
    empty_queue.given(before, watched("a", CHANNEL, OTHER))

    empty_queue.call(end(empty_queue.store))

    assert messages.read(5) == b"a"
    assert "watched" not in empty_queue.situation()


GOING_ON: dict[str, Callable[[Store], Operation[object]]] = {
    "retry": lambda store: store.retry([FailedAttempt("a", TOKEN, 1, b"boom")]),
    "snooze": lambda store: store.snooze([SnoozedTask("a", TOKEN, 1)]),
    "release": lambda store: store.release([Release("a", TOKEN, 1)]),
    "recover": lambda store: store.recover(WORKER, 3, b"crashed", [Orphan("a", TOKEN, 1)]),
    "a stale ack": lambda store: store.ack([Ack("a", TOKEN - 1, 1_000, b"digest-aend")]),
}


@pytest.mark.parametrize("edge", GOING_ON)
def test_a_task_that_goes_on_stays_watched(queue: QueueUnderTest, messages: Subscription, edge: str) -> None:
    queue.given(LEASED, watched("a", CHANNEL))

    queue.call(GOING_ON[edge](queue.store))

    queue.broker.client().perform(("PUBLISH", CHANNEL, "nothing before this"))
    assert messages.read(5) == b"nothing before this"
    assert queue.situation()["watched"] == watched("a", CHANNEL)["watched"]


def test_each_of_many_ends_is_told_to_its_own_watchers(queue: QueueUnderTest, messages: Subscription) -> None:
    queue.given(*(leased(id) for id in "abc"), watched("a", CHANNEL), watched("b", OTHER), watched("c", CHANNEL))

    run(queue.store.ack([Ack(id, TOKEN, 1_000, b"digest-?end") for id in "abc"]), queue.broker.client())

    assert [messages.read(5), messages.read(5)] == [b"a", b"c"]
    assert "watched" not in queue.situation()


def test_what_another_program_wrote_there_does_not_keep_a_task_from_ending(queue: QueueUnderTest) -> None:
    queue.given(LEASED, {"watched": {"a": "something else"}})

    queue.call(queue.store.ack([Ack("a", TOKEN, 1_000, b"digest-aend")]))

    assert queue.situation() == ended("a", outcome="digest-aend")
