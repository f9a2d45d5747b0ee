"""Waiting tasks get another priority or time, one by one or together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched.client.reference import TaskRef
from redisched.client.scheduler import Scheduler
from redisched.client.selecting import BATCH
from redisched.client.verbs import ChangeOutcome
from redisched.errors import InvalidOption, UnknownTask
from redisched.model import TaskState
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.view import TaskView
from tests.client.callers import Caller
from tests.client.stand_in import StandIn

FAR = datetime(2100, 1, 1, tzinfo=UTC)
FAR_MS = round(FAR.timestamp() * 1000)


def seen(app: Scheduler, ref: TaskRef[Any]) -> TaskView:
    view = run(Inspector(app.broker.script_runner, ref.queue).task(ref.id), app.broker.client())
    assert view is not None
    return view


def test_a_waiting_task_gets_another_priority_and_keeps_its_time(app: Scheduler, call: Caller) -> None:
    ref = app.enqueue("send", 42, id="one", run_at=FAR)

    assert call(ref.reprioritize, 0) is ChangeOutcome.CHANGED

    view = seen(app, ref)
    assert (view.priority, view.run_at_ms, view.body and list(view.body.args)) == (0, FAR_MS, [42])
    app.enqueue("send", 42, id="one", run_at=FAR)
    assert seen(app, ref).priority == 0, "the same call again is the same task, and changes nothing"


@pytest.mark.parametrize("run_at", [FAR, FAR.timestamp()])
def test_a_waiting_task_gets_another_time_and_keeps_its_priority(app: Scheduler, call: Caller, run_at: Any) -> None:
    ref = app.enqueue("send", priority=7)

    assert call(ref.reschedule, run_at=run_at) is ChangeOutcome.CHANGED

    view = seen(app, ref)
    assert (view.priority, view.run_at_ms, view.state) == (7, FAR_MS, TaskState.SCHEDULED)


@pytest.mark.parametrize("delay", [60, timedelta(minutes=1)])
def test_a_delay_counts_from_the_call(app: Scheduler, call: Caller, delay: Any) -> None:
    ref = app.enqueue("send", run_at=FAR)

    assert call(ref.reschedule, delay=delay) is ChangeOutcome.CHANGED

    view = seen(app, ref)
    assert view.run_at_ms is not None
    assert 0 < view.run_at_ms - view.now_ms <= 60_000


def test_a_task_that_waits_for_a_retry_runs_now_and_keeps_its_attempts(app: Scheduler, call: Caller) -> None:
    worker, ref = StandIn(app, "default"), app.enqueue("send")
    worker.fail(worker.lease()[0])
    assert worker.lease() == []

    assert call(ref.run_now) is ChangeOutcome.CHANGED

    assert [(lease.id, lease.attempts) for lease in worker.lease()] == [(ref.id, 1)]


def test_a_task_that_would_expire_before_its_new_time_keeps_its_time(app: Scheduler, call: Caller) -> None:
    ref = app.enqueue("send", delay=30, expires=120)
    before = seen(app, ref)

    assert call(ref.reschedule, delay=121) is ChangeOutcome.EXPIRES
    assert seen(app, ref).run_at_ms == before.run_at_ms

    assert call(ref.reschedule, delay=60) is ChangeOutcome.CHANGED
    assert seen(app, ref).expires_ms == before.expires_ms


def test_leased_ended_and_unknown_tasks_are_not_changed(app: Scheduler, call: Caller) -> None:
    worker = StandIn(app, "default")
    app.enqueue_many(app.request("send", id=id) for id in ("held", "ended"))
    (ended,) = (lease for lease in worker.lease() if lease.id == "ended")
    worker.finish(ended, 1)

    for method in (app.ref("held").run_now, app.ref("ended").run_now):
        assert call(method) in (ChangeOutcome.LEASED, ChangeOutcome.ENDED)
    assert {change.id: change.outcome for change in call(app.refs(["held", "ended"]).reprioritize, 1)} == {
        "held": ChangeOutcome.LEASED,
        "ended": ChangeOutcome.ENDED,
    }
    with pytest.raises(UnknownTask):
        call(app.ref("nobody").run_now)


def test_each_task_of_a_selection_is_changed_once_though_it_moves(app: Scheduler, call: Caller) -> None:
    count = 4 * BATCH + 50
    app.enqueue_many(app.request("send", queue="mail", delay=60) for _ in range(count))

    selections = app.select(queue="mail"), app.select(name="send"), app.select(state="scheduled")
    made = [
        call(selections[0].reprioritize, 9),
        call(selections[1].reschedule, delay=3_600),
        call(selections[2].run_now),
    ]

    for changes in made:
        assert len(changes) == len({one.id for one in changes}) == count
        assert {one.outcome for one in changes} == {ChangeOutcome.CHANGED}
    assert {one.outcome for one in call(app.select(queue="mail").look)} == {TaskState.READY}


@pytest.mark.parametrize("priority", [-1, 256, 1.0, "high", True, None])
def test_a_bad_priority_is_refused(fake_app: Scheduler, priority: Any) -> None:
    with pytest.raises(InvalidOption, match=r"priority=.*a whole number from 0 to 255"):
        fake_app.ref("one").reprioritize(priority)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "given, or run_at, and not both"),
        ({"delay": 1, "run_at": FAR}, "given, or run_at, and not both"),
        ({"delay": -1}, "delay"),
        ({"run_at": datetime(2030, 1, 1)}, "run_at"),
    ],
)
def test_a_bad_time_is_refused(fake_app: Scheduler, given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidOption, match=complaint):
        fake_app.ref("one").reschedule(**given)
    with pytest.raises(InvalidOption, match=complaint):
        fake_app.select(queue="mail").reschedule(**given)


def test_a_delay_into_the_year_2109_is_refused_by_the_server_s_clock(app: Scheduler, call: Caller) -> None:
    ref = app.enqueue("send", run_at=FAR)

    with pytest.raises(InvalidOption, match="before the year 2109"):
        call(ref.reschedule, delay=80 * 365 * 86_400 + 10**9)
    assert seen(app, ref).run_at_ms == FAR_MS
