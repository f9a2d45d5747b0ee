"""Dead tasks are replayed, also with other arguments, or discarded."""

from typing import Any

import pytest

from redisched.client.dead_tasks import DiscardOutcome, ReplayOutcome
from redisched.client.reference import TaskRef
from redisched.client.scheduler import Scheduler
from redisched.codec import decode_task, encode_failure
from redisched.errors import (
    Conflict,
    InvalidArguments,
    NotEncodable,
    TaskCancelled,
    TaskFailed,
    Undecodable,
    UnknownTask,
)
from redisched.model import Failure, TaskState
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import NewTask
from tests.client.callers import Caller
from tests.client.stand_in import LIMIT, StandIn


@pytest.fixture
def worker(app: Scheduler) -> StandIn:
    return StandIn(app, "default")


def die(app: Scheduler, worker: StandIn, id: str, error: str = "boom", **options: Any) -> TaskRef[Any]:
    """A task that has died of an error."""
    ref = app.enqueue("send", 1, kwargs={"size": 2}, id=id, **options)
    bury(worker, error)
    return ref


def bury(worker: StandIn, error: str) -> None:
    (lease,) = worker.lease()
    worker.bury(lease, encode_failure(Failure(name="send", error=error, attempt=14, worker="w", reason="attempts")))


def errors_of(app: Scheduler, ref: TaskRef[Any]) -> list[str]:
    view = run(Inspector(app.broker.script_runner, ref.queue).state(ref.id), app.broker.client())
    return [failure.error for failure in view.failures]


def test_a_replayed_task_runs_with_its_arguments_and_keeps_every_failure(
    app: Scheduler, call: Caller, worker: StandIn
) -> None:
    ref = die(app, worker, "one", "first")

    assert call(ref.replay) is ReplayOutcome.REPLAYED
    assert errors_of(app, ref) == ["first"]
    bury(worker, "second")
    assert errors_of(app, ref) == ["first", "second"]

    assert call(ref.replay) is ReplayOutcome.REPLAYED
    (lease,) = worker.lease()
    body = decode_task(lease.record, LIMIT)
    assert (lease.attempts, list(body.args), body.kwargs) == (0, [1], {"size": 2})


def test_other_arguments_replace_all_and_the_task_is_still_the_call_that_made_it(
    app: Scheduler, call: Caller, worker: StandIn
) -> None:
    ref = die(app, worker, "one", max_attempts=3)

    assert call(ref.replay_with, 7, size=9) is ReplayOutcome.REPLAYED

    (body,) = worker.bodies()
    assert (list(body.args), body.kwargs, body.max_attempts) == ([7], {"size": 9}, 3)
    app.enqueue("send", 1, kwargs={"size": 2}, id="one", max_attempts=3)
    with pytest.raises(Conflict):
        app.enqueue("send", 7, kwargs={"size": 9}, id="one", max_attempts=3)


def test_arguments_that_the_handler_does_not_take_are_refused_and_nothing_is_changed(
    app: Scheduler, call: Caller, worker: StandIn
) -> None:
    @app.task(name="send")
    def send(order: int, size: int) -> None:
        """Never runs."""

    ref = die(app, worker, "one")

    with pytest.raises(InvalidArguments, match="too many positional arguments"):
        call(ref.replay_with, 1, 2, 3)
    with pytest.raises(NotEncodable, match=r"args\[0\]"):
        call(ref.replay_with, object(), 2)
    assert ref.status() is TaskState.DEAD


def test_a_task_whose_record_cannot_be_read_is_not_replayed_with_other_arguments(
    app: Scheduler, call: Caller, worker: StandIn
) -> None:
    run(
        Store(app.broker.script_runner, "default").enqueue([NewTask("bad", 5, "+0", b"digest-x\xc1")]),
        app.broker.client(),
    )
    bury(worker, "undecodable")

    with pytest.raises(Undecodable):
        call(app.ref("bad", "default").replay_with, 1)
    assert call(app.ref("bad", "default").replay) is ReplayOutcome.REPLAYED


def test_a_discarded_task_has_ended_as_cancelled_and_is_known_by_its_id(
    app: Scheduler, call: Caller, worker: StandIn
) -> None:
    ref = die(app, worker, "one")
    with pytest.raises(TaskFailed):
        call(ref.result, timeout=5)

    assert call(ref.discard) is DiscardOutcome.DISCARDED

    assert ref.status() is TaskState.CANCELLED
    with pytest.raises(TaskCancelled):
        call(ref.result, timeout=5)
    view = run(Inspector(app.broker.script_runner, "default").task("one"), app.broker.client())
    assert view is not None
    assert (view.name, view.attempts, view.worker, view.body) == ("send", 14, "w", None)
    app.enqueue("send", 1, kwargs={"size": 2}, id="one")
    assert worker.lease() == [], "the same call again is still the same task"
    assert call(ref.replay) is ReplayOutcome.NOT_DEAD


def test_with_keep_task_a_discarded_task_keeps_its_arguments_and_failures(
    app: Scheduler, call: Caller, worker: StandIn
) -> None:
    ref = die(app, worker, "one", "why", keep="task")

    call(ref.discard)

    view = run(Inspector(app.broker.script_runner, "default").task("one"), app.broker.client())
    assert view is not None
    assert view.body is not None
    assert (list(view.body.args), errors_of(app, ref)) == ([1], ["why"])


def test_tasks_that_are_not_dead_are_not_changed(app: Scheduler, call: Caller, worker: StandIn) -> None:
    waits = app.enqueue("send", id="waits", delay=60)

    assert call(waits.replay) is ReplayOutcome.NOT_DEAD
    assert call(waits.replay_with, 1) is ReplayOutcome.NOT_DEAD
    assert call(waits.discard) is DiscardOutcome.NOT_DEAD
    assert waits.status() is TaskState.SCHEDULED
    for method in (app.ref("nobody").replay, app.ref("nobody").discard):
        with pytest.raises(UnknownTask):
            call(method)


def test_dead_tasks_are_replayed_and_discarded_by_a_filter(app: Scheduler, call: Caller, worker: StandIn) -> None:
    for id, error in (("a", "no server"), ("b", "no money"), ("c", "no server")):
        die(app, worker, id, error)

    replayed = call(app.select(queue="default", error="server$").replay)
    assert {(change.id, change.outcome) for change in replayed} == {
        ("a", ReplayOutcome.REPLAYED),
        ("c", ReplayOutcome.REPLAYED),
    }
    discarded = call(app.select(state="dead").discard)
    assert [(change.id, change.outcome) for change in discarded] == [("b", DiscardOutcome.DISCARDED)]
