"""A reference that has only the id of a task finds the queue of the task."""

import pytest

from redisched.client.latest_queues import MOST_TASKS, LatestQueues
from redisched.client.scheduler import Scheduler
from redisched.client.verbs import CancelOutcome
from redisched.errors import InvalidOption, UnknownTask
from redisched.model import TaskState
from tests.client.callers import Caller
from tests.client.stand_in import StandIn


@pytest.fixture
def in_mail(app: Scheduler) -> str:
    """The id of a task in one of several queues."""
    app.enqueue("send", queue="a")
    app.enqueue("send")
    return app.enqueue("send", queue="mail", id="receipt:42").id


def test_a_reference_without_queue_finds_the_status(app: Scheduler, call: Caller, in_mail: str) -> None:
    assert call(app.ref(in_mail).status) is TaskState.READY


def test_a_reference_without_queue_finds_the_result(app: Scheduler, call: Caller, in_mail: str) -> None:
    worker = StandIn(app, "mail")
    worker.finish(worker.lease()[0], "sent")

    assert call(app.ref(in_mail).result, timeout=5) == "sent"


def test_a_reference_without_queue_cancels_the_task(app: Scheduler, call: Caller, in_mail: str) -> None:
    assert call(app.ref(in_mail).cancel) is CancelOutcome.CANCELLED
    assert call(app.ref(in_mail, "mail").status) is TaskState.CANCELLED


def test_a_reference_with_a_queue_looks_only_there(app: Scheduler, call: Caller, in_mail: str) -> None:
    assert call(app.ref(in_mail, "default").status) is TaskState.UNKNOWN
    assert call(app.ref(in_mail, "mail").status) is TaskState.READY


def test_a_reference_without_queue_finds_a_task_that_is_enqueued_later(app: Scheduler, call: Caller) -> None:
    ref = app.ref("later")
    assert call(ref.status) is TaskState.UNKNOWN
    for method in (ref.result, ref.cancel):
        with pytest.raises(UnknownTask):
            call(method)

    app.enqueue("send", queue="mail", id="later")

    assert call(ref.status) is TaskState.READY


def test_an_id_in_two_queues_is_refused_without_a_queue(app: Scheduler, call: Caller, in_mail: str) -> None:
    app.enqueue("send", queue="a", id=in_mail)
    ref = app.ref(in_mail)

    for method in (ref.status, ref.result, ref.cancel):
        with pytest.raises(InvalidOption, match="in the queues a, mail; name one"):
            call(method)
    assert call(app.ref(in_mail, "a").status) is TaskState.READY


def test_every_shard_of_a_queue_is_searched(app: Scheduler, call: Caller) -> None:
    app.grow("mail", 4)
    ids = [app.enqueue("send", queue="mail").id for _ in range(12)]

    assert {call(app.ref(task_id).status) for task_id in ids} == {TaskState.READY}


def test_a_reference_without_queue_equals_that_of_enqueue(app: Scheduler, in_mail: str) -> None:
    in_queue = app.ref(in_mail, "mail")

    assert {in_queue, app.ref(in_mail)} == {in_queue}
    assert in_queue != app.ref(in_mail, "a")
    assert app.ref(in_mail) != app.ref("other")


def test_where_the_latest_tasks_were_found_is_cached() -> None:
    latest = LatestQueues()
    for number in range(MOST_TASKS + 10):
        latest[str(number)] = "mail"

    assert len(latest) == MOST_TASKS
    assert latest.get("0") is None
    assert latest.get(str(MOST_TASKS)) == "mail"
