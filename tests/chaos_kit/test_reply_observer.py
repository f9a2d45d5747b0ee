"""The observer of a proxy records what the server did to tasks and leases."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched.chaos.fault import Action, Fault, Message
from redisched.chaos.history.record import (
    Claimed,
    Paused,
    Rescheduled,
    Resumed,
    ScheduleChange,
    Settled,
    Slot,
    SlotState,
    Unanswered,
    Waiting,
)
from redisched.chaos.history.reply_observer import ReplyObserver
from redisched.chaos.link import Exchange, NoReply
from redisched.errors import BrokerUnavailable
from redisched.store.operation import Operation
from redisched.store.pausing import QueuePause, pause_shard, resume_shard
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import Declarer, NewSchedule, OverlapRule, ScheduleRemoval, SlotFiring
from redisched.store.shard import ALL_KEYS
from redisched.store.store import Store
from redisched.store.values import (
    Ack,
    Bury,
    FailedAttempt,
    Lease,
    NewTask,
    Orphan,
    ReapRequest,
    Release,
    Status,
)
from tests.chaos_kit.observed_queue import FAR_MS, QUEUE, ObservedQueue


def test_enqueued_tasks_and_their_claims_are_recorded(queue: ObservedQueue) -> None:
    queue.call(queue.store.enqueue([NewTask("a", 3, "+0", b"digest-1body"), NewTask("b", 5, "@42", b"digest-1body")]))
    queue.enqueue("b")
    first, second = queue.claim()
    waiting, claimed = queue.history(Waiting), queue.history(Claimed)

    assert [(record.task, record.priority) for record in waiting] == [("a", 3), ("b", 5)]
    assert waiting[1].due_ms == 42
    assert waiting[0].due_ms == waiting[0].at_ms
    assert [(record.task, record.fence, record.worker) for record in claimed] == [
        ("a", first.token, "w1"),
        ("b", second.token, "w1"),
    ]
    assert [(record.priority, record.due_ms) for record in claimed][1] == (5, 42)


SETTLEMENTS: dict[str, tuple[Callable[[Store, Lease], Operation[Any]], Status]] = {
    "ack": (lambda store, lease: store.ack([Ack(lease.id, lease.token, FAR_MS, b"digest-1end")]), Status.ACKED),
    "bury": (lambda store, lease: store.bury([Bury(lease.id, lease.token, b"boom")]), Status.BURIED),
    "retry": (lambda store, lease: store.retry([FailedAttempt(lease.id, lease.token, 1_000, b"boom")]), Status.RETRIED),
    "release": (lambda store, lease: store.release([Release(lease.id, lease.token, 0)]), Status.RELEASED),
    "recover": (
        lambda store, lease: store.recover("w1", 1, b"crashed", [Orphan(lease.id, lease.token, 1)]),
        Status.QUARANTINED,
    ),
    "reap": (
        lambda store, lease: store.reap(
            ReapRequest(worker="w2", hold_ms=1, grace_ms=0, limit=9, crash_limit=9, failure=b"crashed", lease_ms=0)
        ),
        Status.RECOVERED,
    ),
}


@pytest.mark.parametrize(("settle", "status"), SETTLEMENTS.values(), ids=SETTLEMENTS.keys())
def test_each_way_to_end_a_lease_is_recorded_once(
    queue: ObservedQueue, settle: Callable[[Store, Lease], Operation[Any]], status: Status
) -> None:
    queue.enqueue("a")
    (lease,) = queue.claim(lease_ms=0)
    for _ in range(2):
        queue.call(settle(queue.store, lease))

    assert queue.settled() == [("a", lease.token, status)]


@pytest.mark.parametrize("had_started", [False, True])
def test_who_gives_a_task_back_says_whether_its_handler_had_started(queue: ObservedQueue, had_started: bool) -> None:
    for task in ("a", "b"):
        queue.enqueue(task)
    first, second = queue.claim()
    queue.call(queue.store.release([Release(first.id, first.token, 60_000, int(had_started))]))
    queue.call(queue.store.recover("w1", 9, b"crashed", [Orphan(second.id, second.token, int(had_started))]))

    assert [record.had_started for record in queue.history(Settled)] == [had_started, had_started]


def test_the_due_time_of_a_task_that_waits_again_is_recorded(queue: ObservedQueue) -> None:
    queue.call(queue.store.enqueue([NewTask(id, 5, "@42", b"digest-1body") for id in ("a", "b", "c")]))
    a, b, c = queue.claim()
    queue.call(queue.store.release([Release("a", a.token, 0), Release("b", b.token, 500)]))
    queue.call(queue.store.retry([FailedAttempt("c", c.token, 700, b"boom")]))

    assert [record.due_ms - (42 if record.task == "a" else record.at_ms) for record in queue.history(Settled)] == [
        0,
        500,
        700,
    ]


def test_slots_and_changes_of_schedules_are_recorded(queue: ObservedQueue) -> None:
    schedules = ScheduleStore(queue.broker.script_runner, QUEUE)
    fired = SlotFiring("nightly", "v1", 7_000, 8_000, OverlapRule.ALLOW, "nightly@7", 5, 7_500, b"digest-1body")
    passed = SlotFiring("nightly", "v1", 8_000, 9_000, OverlapRule.PASS)
    new = NewSchedule("nightly", "", "v1", b"definition", 7_000)
    for _ in range(2):
        queue.call(schedules.set([new], declarer=Declarer("shop", "1")))
        queue.call(schedules.fire([fired, passed]))
    for _ in range(2):
        queue.call(schedules.pause(["nightly"]))
        queue.call(schedules.remove([ScheduleRemoval("nightly")]))

    slots, changes = queue.history(Slot), queue.history(Rescheduled)
    assert [(one.schedule, one.slot_ms, one.state, one.task, one.due_ms) for one in slots] == [
        ("nightly", 7_000, SlotState.FIRED, "nightly@7", 7_500),
        ("nightly", 8_000, SlotState.SKIPPED, "", 0),
    ]
    assert [(one.schedule, one.change, one.application) for one in changes] == [
        ("nightly", ScheduleChange.SET, "shop"),
        ("nightly", ScheduleChange.SET, "shop"),
        ("nightly", ScheduleChange.PAUSED, ""),
        ("nightly", ScheduleChange.REMOVED, ""),
    ]


def test_the_cancellation_or_revival_of_a_task_is_recorded_without_a_token(queue: ObservedQueue) -> None:
    queue.enqueue("a")
    (lease,) = queue.claim()
    queue.call(queue.store.cancel(0, [("a", b"cancelled")]))
    queue.call(queue.store.bury([Bury("a", lease.token, b"boom")]))
    queue.call(queue.store.revive(["a"]))
    queue.call(queue.store.cancel(FAR_MS, [("a", b"cancelled")]))

    assert queue.settled() == [
        ("a", lease.token, Status.BURIED),
        ("a", None, Status.REVIVED),
        ("a", None, Status.CANCELLED),
    ]


def test_a_call_repeated_after_a_lost_reply_is_recorded_once(queue: ObservedQueue) -> None:
    queue.enqueue("a")
    queue.proxy.set(*(Fault(message=Message.REPLY, action=Action.CUT, script=name) for name in ("claim", "ack")))
    with pytest.raises(BrokerUnavailable):
        queue.claim()
    queue.proxy.set()
    (lease,) = queue.call(queue.store.claim(queue.request())).leases
    for _ in range(2):
        queue.call(SETTLEMENTS["ack"][0](queue.store, lease))

    assert [record.fence for record in queue.history(Claimed)] == [lease.token]
    assert queue.settled() == [("a", lease.token, Status.ACKED)]


def test_pauses_of_a_queue_and_their_ends_are_recorded(queue: ObservedQueue) -> None:
    pause = QueuePause(since_ms=1, until_ms=FAR_MS, by="ann@desk")
    queue.call(pause_shard(queue.broker.script_runner, QUEUE, 0, pause))
    queue.call(resume_shard(queue.broker.script_runner, QUEUE, 0))

    paused, resumed = queue.history(Paused, Resumed)
    assert (paused.queue, paused.until_ms, resumed.queue) == (QUEUE, FAR_MS, QUEUE)


def test_a_call_without_a_reply_is_recorded_as_unanswered(queue: ObservedQueue) -> None:
    words = (b"EVALSHA", b"0", b"1", b"redisched:{mail}:waiting", b"w1")
    ReplyObserver(queue.recorder).observe(Exchange("claim", words, NoReply.NO_REPLY))

    assert [(record.queue, record.edge) for record in queue.history(Unanswered)] == [("mail", "claim")]


@pytest.mark.parametrize("name", ["ack", "claim"])
def test_a_script_that_first_asks_for_all_its_keys_has_said_nothing_of_tasks(queue: ObservedQueue, name: str) -> None:
    words = (b"EVALSHA", b"0", b"1", b"redisched:{mail}:waiting", b"a", b"1", b"9", b"outcome")
    ReplyObserver(queue.recorder).observe(Exchange(name, words, ALL_KEYS))

    assert queue.settled() == []
    assert list(queue.history(Claimed)) == []


def test_the_end_of_a_lease_seen_after_the_next_claim_is_recorded_with_its_own_token(queue: ObservedQueue) -> None:
    """A claim and a reap use two connections, so the observer may see the later reply first."""

    def heard(name: str, *reply: object) -> Exchange:
        return Exchange(name, (b"EVALSHA", b"0", b"1", b"redisched:{mail}:waiting", b"w1"), list(reply))

    def claim(token: bytes) -> Exchange:
        return heard("claim", b"CLAIMED", token, token, b"", b"a", b"42", b"", b"record")

    observer = ReplyObserver(queue.recorder)
    observer.observe(claim(b"5000000"))
    observer.observe(claim(b"7000123"))
    observer.observe(heard("reap", b"REAPED", b"7000", b"1", b"", b"", b"a", b"RECOVERED"))
    observer.observe(heard("reap", b"REAPED", b"8000", b"1", b"", b"", b"a", b"RECOVERED"))

    assert queue.settled() == [("a", 5_000_000, Status.RECOVERED), ("a", 7_000_123, Status.RECOVERED)]
