"""References to tasks: status, result and cancellation."""

from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.client.verbs import CancelOutcome
from redisched.codec import encode_failure
from redisched.errors import ResultTimeout, TaskCancelled, TaskFailed, Undecodable, UnknownTask
from redisched.model import Failure, TaskState
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.values import Status
from tests.client.callers import Caller
from tests.client.stand_in import StandIn


@pytest.fixture
def worker(app: Scheduler) -> StandIn:
    return StandIn(app, "default")


def test_the_status_follows_the_task_through_its_life(app: Scheduler, call: Caller, worker: StandIn) -> None:
    ref = app.enqueue("send")
    assert call(ref.status) is TaskState.READY

    lease = worker.lease()[0]
    assert call(ref.status) is TaskState.LEASED

    worker.start(lease)
    assert call(ref.status) is TaskState.RUNNING

    worker.finish(lease, None)
    assert call(ref.status) is TaskState.SUCCEEDED


def test_a_task_that_waits_for_its_time_is_scheduled(app: Scheduler, call: Caller) -> None:
    assert call(app.enqueue("send", delay=60).status) is TaskState.SCHEDULED


def test_a_task_that_failed_and_waits_is_retrying(app: Scheduler, call: Caller, worker: StandIn) -> None:
    ref = app.enqueue("send")

    worker.fail(worker.lease()[0])

    assert call(ref.status) is TaskState.RETRYING


def test_the_status_of_an_unknown_id_is_unknown(app: Scheduler, call: Caller) -> None:
    assert call(app.ref("nobody").status) is TaskState.UNKNOWN


@pytest.mark.parametrize("result", [None, 42, {"paid": True}, [1, "two"]])
def test_the_result_is_what_the_handler_returned(app: Scheduler, call: Caller, worker: StandIn, result: Any) -> None:
    ref = app.enqueue("send")
    worker.finish(worker.lease()[0], result)

    assert call(ref.result, timeout=5) == result


def test_a_dead_task_raises_its_error_and_traceback(app: Scheduler, call: Caller, worker: StandIn) -> None:
    ref = app.enqueue("send")
    failure = Failure(name="send", error="ValueError: no", traceback="Traceback ...", reason="attempts used up")
    worker.bury(worker.lease()[0], encode_failure(failure))

    with pytest.raises(TaskFailed) as failed:
        call(ref.result, timeout=5)

    assert (failed.value.task_id, failed.value.reason) == (ref.id, "attempts used up")
    assert (failed.value.error, failed.value.traceback) == ("ValueError: no", "Traceback ...")


def test_a_dead_task_whose_failure_cannot_be_read_raises_task_failed(
    app: Scheduler, call: Caller, worker: StandIn
) -> None:
    ref = app.enqueue("send")
    worker.bury(worker.lease()[0], b"\xc1")

    with pytest.raises(TaskFailed):
        call(ref.result, timeout=5)


def test_an_outcome_that_cannot_be_read_raises_an_error(app: Scheduler, call: Caller, worker: StandIn) -> None:
    ref = app.enqueue("send")
    worker.end(worker.lease()[0], b"\xc1")

    with pytest.raises(Undecodable):
        call(ref.result, timeout=5)


def test_a_cancelled_task_has_no_result(app: Scheduler, call: Caller) -> None:
    ref = app.enqueue("send")
    ref.cancel()

    with pytest.raises(TaskCancelled):
        call(ref.result, timeout=5)


def test_an_unknown_task_has_no_result(app: Scheduler, call: Caller) -> None:
    with pytest.raises(UnknownTask):
        call(app.ref("nobody").result)


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_a_timeout_of_result_does_not_change_the_task(app: Scheduler, call: Caller, timeout: float) -> None:
    ref = app.enqueue("send")

    with pytest.raises(ResultTimeout) as late:
        call(ref.result, timeout=timeout)

    assert late.value.timeout_s == timeout
    assert isinstance(late.value, TimeoutError)
    assert ref.status() is TaskState.READY


def test_a_waiting_task_is_cancelled_for_good(app: Scheduler, call: Caller, worker: StandIn) -> None:
    ref = app.enqueue("receipts.send", delay=60)

    assert call(ref.cancel) is CancelOutcome.CANCELLED
    assert call(ref.cancel) is CancelOutcome.ENDED
    assert call(ref.status) is TaskState.CANCELLED
    assert worker.lease(ahead_ms=120_000) == []


def test_the_outcome_of_a_cancelled_task_has_its_name_and_time(app: Scheduler, call: Caller) -> None:
    ref = app.enqueue("receipts.send", retention=60)

    call(ref.cancel)

    view = run(Inspector(app.broker.script_runner, "default").task(ref.id), app.broker.client())
    assert view is not None
    assert view.outcome is not None
    assert (view.name, view.outcome.state) == ("receipts.send", TaskState.CANCELLED)
    assert 0 <= view.now_ms - view.outcome.ended_ms < 60_000
    assert view.forgotten_ms is not None
    assert 0 < view.forgotten_ms - view.now_ms <= 60_000


def test_the_worker_of_a_leased_task_is_asked_to_cancel_it(app: Scheduler, call: Caller, worker: StandIn) -> None:
    ref = app.enqueue("send")
    lease = worker.lease()[0]

    assert call(ref.cancel) is CancelOutcome.CANCELLING

    assert worker.start(lease) is Status.CANCELLING


def test_cancelling_an_unknown_task_is_an_error(app: Scheduler, call: Caller) -> None:
    with pytest.raises(UnknownTask):
        call(app.ref("nobody").cancel)


def test_a_task_whose_body_cannot_be_read_can_be_cancelled(app: Scheduler, call: Caller) -> None:
    ref = app.enqueue("send")
    app.broker.client().perform(("HSET", "redisched:{default}:tasks", ref.id, b"digest--\xc1"))

    assert call(ref.cancel) is CancelOutcome.CANCELLED


def test_references_to_the_same_task_are_equal(fake_app: Scheduler) -> None:
    ref = fake_app.enqueue("send")

    assert {ref, fake_app.ref(ref.id)} == {ref}
    assert repr(ref) == f"TaskRef(id='{ref.id}', queue='default')"
