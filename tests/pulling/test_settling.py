"""How a lease is settled: the state it leads to, and that a lease settles once and only while it holds its task."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from redisched import Reject, Retry, Scheduler, Snooze, TaskLease, TaskState
from redisched.errors import InvalidOption, LeaseNotHeld, NotEncodable, TaskFailed
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import Release, Status
from tests.engine.running import look
from tests.pulling.blocks import Pull
from tests.waiting import wait_until


def test_an_ack_ends_the_task_and_tells_those_who_wait_for_its_result(app: Scheduler, pull: Pull) -> None:
    ref = app.enqueue("send", queue="mail")
    results: list[Any] = []
    waiting = threading.Thread(target=lambda: results.append(ref.result(30)))
    waiting.start()

    with pull.claim() as (lease,):
        assert pull(lease.ack, {"sent": 1}) is TaskState.SUCCEEDED
        waiting.join()

    assert results == [{"sent": 1}]
    outcome = look(app.broker, ref.id, "mail").outcome
    assert outcome is not None
    assert (outcome.name, outcome.attempt) == ("send", 1)
    assert 0 < outcome.started_ms <= outcome.ended_ms


def test_a_result_travels_as_the_handler_says(app: Scheduler, pull: Pull) -> None:
    @app.task(queue="mail")
    def measure() -> timedelta:
        raise AssertionError("no worker runs it")

    ref = measure.enqueue()
    with pull.claim() as (lease,):
        pull(lease.ack, timedelta(seconds=5))

    assert ref.result(5) == timedelta(seconds=5)


def test_a_result_that_cannot_be_stored_changes_nothing(app: Scheduler, pull: Pull) -> None:
    ref = app.enqueue("send", queue="mail")

    with pull.claim() as (lease,):
        with pytest.raises(NotEncodable, match="send"):
            pull(lease.ack, object())
        with pytest.raises(NotEncodable, match="generator"):
            pull(lease.ack, (number for number in range(3)))
        assert pull(lease.ack) is TaskState.SUCCEEDED

    assert ref.result(5) is None


def test_retries_go_by_the_policy_of_the_handler(app: Scheduler, pull: Pull) -> None:
    @app.task(queue="mail", retry=Retry(attempts=3, backoff=[50], never=KeyError))
    def send() -> None: ...

    refs = [send.enqueue() for _ in range(5)]
    with pull.claim(n=5) as (timed_out, wrong, said, rejected, early):
        assert pull(timed_out.retry, TimeoutError("late")) is TaskState.RETRYING
        assert pull(wrong.retry, KeyError("x")) is TaskState.DEAD
        assert pull(said.retry, "the line is busy") is TaskState.RETRYING
        assert pull(rejected.retry, Reject("no such address")) is TaskState.DEAD
        assert pull(early.retry, Snooze(60)) is TaskState.SCHEDULED

    view = look(app.broker, refs[0].id, "mail")
    assert view.run_at_ms is not None
    assert 49_000 < view.run_at_ms - view.now_ms <= 50_000
    assert [look(app.broker, ref.id, "mail").attempts for ref in refs] == [1, 0, 1, 0, 0]
    errors = [failure.error for ref in refs[:4] for failure in look(app.broker, ref.id, "mail").failures]
    assert errors == ["TimeoutError: late", "KeyError: 'x'", "the line is busy", "Reject: no such address"]


def test_the_last_attempt_makes_a_task_dead(app: Scheduler, pull: Pull) -> None:
    ref = app.enqueue("send", queue="mail", max_attempts=2)

    with pull.claim() as (lease,):
        assert pull(lease.retry, delay=0) is TaskState.RETRYING
    with pull.claim() as (lease,):
        assert lease.task.attempt == 2
        assert pull(lease.retry, "again", delay=0) is TaskState.DEAD

    with pytest.raises(TaskFailed, match="attempts used up"):
        ref.result(5)


def test_no_attempt_comes_after_the_deadline(app: Scheduler, pull: Pull) -> None:
    app.enqueue("send", queue="mail", deadline=60)

    with pull.claim() as (lease,):
        assert pull(lease.retry, delay=61) is TaskState.DEAD


def test_a_released_task_waits_in_its_place_with_no_attempt_counted(app: Scheduler, pull: Pull) -> None:
    app.enqueue("first", queue="mail")
    app.enqueue("second", queue="mail")

    with pull.claim(n=2) as (first, second):
        assert first.task.name == "first"
        assert pull(first.release) is TaskState.READY
        assert pull(second.release, 60) is TaskState.SCHEDULED
    with pull.claim(n=2) as leases:
        assert [(lease.task.name, lease.task.attempt) for lease in leases] == [("first", 1)]


def test_a_buried_task_is_dead_for_the_reason_of_the_program(app: Scheduler, pull: Pull) -> None:
    refs = [app.enqueue("send", queue="mail") for _ in range(2)]

    with pull.claim(n=2) as (first, second):
        assert pull(first.bury, "no such customer") is TaskState.DEAD
        assert pull(second.bury, ValueError("worse")) is TaskState.DEAD

    for ref, said in zip(refs, ("no such customer", "ValueError: worse"), strict=True):
        with pytest.raises(TaskFailed, match=said):
            ref.result(5)


def test_what_was_not_settled_is_given_back_when_the_block_ends(app: Scheduler, pull: Pull) -> None:
    refs = [app.enqueue("send", queue="mail") for _ in range(3)]

    with pull.claim(n=3) as leases:
        pull(leases[0].ack)

    assert [ref.status() for ref in refs] == [TaskState.SUCCEEDED, TaskState.READY, TaskState.READY]


def test_what_was_not_settled_is_given_back_when_the_block_raises(app: Scheduler, pull: Pull) -> None:
    ref = app.enqueue("send", queue="mail")

    def work() -> None:
        with pull.claim() as (lease,):
            assert lease.task.name == "send"
            raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        work()

    assert ref.status() is TaskState.READY
    assert look(app.broker, ref.id, "mail").attempts == 0


SETTLE: dict[str, Callable[[TaskLease], tuple[Any, ...]]] = {
    "ack": lambda lease: (lease.ack,),
    "retry": lambda lease: (lease.retry, "no"),
    "release": lambda lease: (lease.release,),
    "later": lambda lease: (lease.release, 5),
    "bury": lambda lease: (lease.bury, "no"),
    "extend": lambda lease: (lease.extend, 60),
}


@pytest.mark.parametrize("again", SETTLE)
def test_a_second_settlement_is_refused(app: Scheduler, pull: Pull, again: str) -> None:
    app.enqueue("send", queue="mail")

    with pull.claim() as (lease,):
        pull(lease.ack)
        with pytest.raises(LeaseNotHeld, match="was settled by this lease before, by ack"):
            pull(*SETTLE[again](lease))


@pytest.mark.parametrize("late", SETTLE)
def test_a_lease_is_of_no_use_after_its_block(app: Scheduler, pull: Pull, late: str) -> None:
    app.enqueue("send", queue="mail")
    with pull.claim() as (lease,):
        pass

    call, *arguments = SETTLE[late](lease)
    with pytest.raises(LeaseNotHeld, match="the block of its claim has ended; settle it inside"):
        call(*arguments)


@pytest.mark.parametrize("too_late", SETTLE)
def test_a_lost_lease_says_so_and_changes_nothing(app: Scheduler, pull: Pull, broker: Broker, too_late: str) -> None:
    ref = app.enqueue("send", queue="mail")

    with pull.claim() as (lost,):
        store = Store(broker.script_runner, "mail")
        release = Release(ref.id, lost.fence, 0)
        assert run(store.release([release]), broker.client()) == [Status.RELEASED]
        with app.claim("mail") as (newer,):
            with pytest.raises(LeaseNotHeld, match="it ran out, and others may have the task"):
                pull(*SETTLE[too_late](lost))
            assert lost.lost
            assert newer.fence > lost.fence
            assert newer.ack("by the newer") is TaskState.SUCCEEDED

    assert ref.result(5) == "by the newer"


def test_a_lost_lease_is_noticed_while_the_block_runs(
    app: Scheduler, pull: Pull, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    ref = app.enqueue("send", queue="mail")

    with pull.claim(lease=0.5) as (lease,):
        run(Store(broker.script_runner, "mail").release([Release(ref.id, lease.fence, 0)]), broker.client())
        wait_until(lambda: lease.lost, "the renewal says that the lease is lost")

    assert "has lost its lease to another worker" in caplog.text


def test_a_cancellation_is_seen_and_a_release_ends_the_task(app: Scheduler, pull: Pull) -> None:
    ref = app.enqueue("send", queue="mail")

    with pull.claim(lease=0.5) as (lease,):
        ref.cancel()
        wait_until(lambda: lease.cancelled, "the cancellation is seen")
        assert pull(lease.release) is TaskState.CANCELLED

    assert ref.status() is TaskState.CANCELLED


def test_an_at_most_once_task_that_was_read_and_not_settled_is_lost(app: Scheduler, pull: Pull) -> None:
    @app.task(queue="mail", delivery="at_most_once")
    def pay() -> None: ...

    read, unread, acked = pay.enqueue(), pay.enqueue(), pay.enqueue()

    with pull.claim(n=3) as leases:
        assert leases[0].task.id == read.id
        assert leases[2].task.id == acked.id
        assert pull(leases[2].ack) is TaskState.SUCCEEDED

    assert [ref.status() for ref in (read, unread, acked)] == [TaskState.LOST, TaskState.READY, TaskState.SUCCEEDED]


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("retry", {"error": 5}),
        ("retry", {"error": ""}),
        ("retry", {"delay": -1}),
        ("release", {"delay": "soon"}),
        ("bury", {"reason": None}),
        ("extend", {"seconds": 0}),
        ("extend", {"seconds": 90_000}),
    ],
)
def test_a_bad_argument_is_refused_and_settles_nothing(
    app: Scheduler, pull: Pull, call: str, arguments: dict[str, Any]
) -> None:
    app.enqueue("send", queue="mail")

    with pull.claim() as (lease,):
        with pytest.raises(InvalidOption) as refused:
            pull(getattr(lease, call), **arguments)
        assert refused.value.argument in arguments
        assert pull(lease.ack) is TaskState.SUCCEEDED
