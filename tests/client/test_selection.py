"""Many tasks, given by their ids or by a filter, are acted on by one call."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.client.selecting import BATCH, Matching
from redisched.client.verbs import RUN_NOW, Cancel, CancelOutcome, Verb
from redisched.codec import encode_failure
from redisched.errors import InvalidFilter, InvalidOption, UnknownTasks
from redisched.filters.parsing import parse
from redisched.model import Failure, TaskState
from tests.client.callers import Caller
from tests.client.stand_in import StandIn

MANY = 4 * BATCH + 1
"""More than one page, and no whole number of batches."""
FILTERS: tuple[tuple[Mapping[str, Any], set[str]], ...] = (
    ({"queue": "mail"}, {"m:now", "m:later"}),
    ({"name": "send"}, {"m:now", "d:now"}),
    ({"name": "send", "queue": "mail"}, {"m:now"}),
    ({"state": "scheduled"}, {"m:later"}),
    ({"state": ["scheduled", TaskState.READY], "queue": "default"}, {"d:now"}),
    ({"error": "no .* server"}, {"d:failed"}),
    ({"error": "no .* server", "state": "ready"}, set()),
    ({"queue": "elsewhere"}, set()),
)


@pytest.fixture
def tasks(app: Scheduler) -> None:
    """Tasks in two queues; one of them has failed and waits for its next attempt."""
    worker = StandIn(app, "default")
    app.enqueue("write", id="d:failed")
    (lease,) = worker.lease()
    worker.fail(lease, encode_failure(Failure(name="write", error="OSError: no such server")))
    app.enqueue("send", queue="mail", id="m:now")
    app.enqueue("write", queue="mail", id="m:later", delay=60)
    app.enqueue("send", id="d:now")


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(("given", "ids"), FILTERS)
def test_a_filter_selects_the_tasks_that_match_all_of_it(
    app: Scheduler, call: Caller, given: Mapping[str, Any], ids: set[str]
) -> None:
    changes = call(app.select(**given).cancel)

    assert {change.id for change in changes} == ids
    assert {change.outcome for change in changes} <= {CancelOutcome.CANCELLED}
    for id in ("m:now", "m:later", "d:now", "d:failed"):
        assert (app.ref(id).status() is TaskState.CANCELLED) == (id in ids)


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    ("text", "given", "ids"),
    [
        ("name:s* queue:mail", {}, {"m:now"}),
        ("-queue:mail", {}, {"d:now", "d:failed"}),
        ("error:server", {}, {"d:failed"}),
        ("name:write", {"queue": "mail", "state": "scheduled"}, {"m:later"}),
        ("id:m:now,d:now,nobody", {}, {"m:now", "d:now"}),
        ("id:m:now name:write", {}, set()),
        ("state:any", {}, {"m:now", "m:later", "d:now", "d:failed"}),
    ],
)
def test_the_text_of_a_filter_selects_tasks(
    app: Scheduler, call: Caller, text: str, given: Mapping[str, Any], ids: set[str]
) -> None:
    assert {change.id for change in call(app.select(text, **given).look)} == ids
    assert {change.id for change in call(app.select(text, **given).cancel)} == ids


def test_a_text_that_is_no_filter_is_refused_and_nothing_is_done(app: Scheduler, call: Caller) -> None:
    task = app.enqueue("send")

    with pytest.raises(InvalidFilter, match=r"did you mean state\?"):
        app.select("status:ready")
    with pytest.raises(InvalidOption, match="state='dead': one of"):
        call(app.select("state:dead,ready").cancel)
    assert task.status() is TaskState.READY


@pytest.mark.usefixtures("tasks")
def test_looking_changes_nothing(app: Scheduler, call: Caller) -> None:
    for _ in range(2):
        found = call(app.select(queue="mail").look)
        assert {(change.id, change.queue, change.outcome) for change in found} == {
            ("m:now", "mail", TaskState.READY),
            ("m:later", "mail", TaskState.SCHEDULED),
        }


def test_more_tasks_than_a_page_in_a_queue_that_grows_are_cancelled_once_each(app: Scheduler, call: Caller) -> None:
    enqueue(app, MANY // 2)
    app.grow("mail", 3)
    enqueue(app, MANY - MANY // 2)

    changes = call(app.select(name="send").cancel)

    assert len(changes) == len({change.id for change in changes}) == MANY
    assert {change.outcome for change in changes} == {CancelOutcome.CANCELLED}
    assert call(app.select(queue="mail", state="scheduled").look) == []


def test_many_ids_are_cancelled_in_the_order_given(app: Scheduler, call: Caller) -> None:
    early = enqueue(app, BATCH)
    app.grow("mail", 3)
    refs = enqueue(app, BATCH)[::-1] + early

    changes = call(app.refs(refs).cancel)

    assert [change.id for change in changes] == [ref.id for ref in refs]
    assert {change.outcome for change in changes} == {CancelOutcome.CANCELLED}
    again = call(app.refs([ref.id for ref in refs]).cancel)
    assert {change.outcome for change in again} == {CancelOutcome.ENDED}


def test_unknown_ids_are_an_error_after_the_known_ones_are_cancelled(app: Scheduler, call: Caller) -> None:
    known = app.enqueue("send", queue="mail")

    with pytest.raises(UnknownTasks, match=r"'nobody' is unknown.*; so are 1 more") as raised:
        call(app.refs(["nobody", known, "nothing"]).cancel)

    assert raised.value.ids == ("nobody", "nothing")
    assert [(change.id, change.outcome) for change in raised.value.changes] == [(known.id, CancelOutcome.CANCELLED)]
    with pytest.raises(UnknownTasks):
        call(app.refs([known.id], queue="elsewhere").cancel)


def test_an_id_in_two_queues_is_refused_before_anything_is_done(app: Scheduler, call: Caller) -> None:
    refs = [app.enqueue("send", queue=queue, id="twice") for queue in ("a", "b")]
    other = app.enqueue("send", queue="a")

    with pytest.raises(InvalidOption, match="task 'twice' is in the queues a, b; name one"):
        call(app.refs([other.id, "twice"]).cancel)
    assert other.status() is TaskState.READY

    assert [change.queue for change in call(app.refs(refs).cancel)] == ["a", "b"]


def test_the_holders_of_leased_tasks_are_asked_and_ended_tasks_stay(app: Scheduler, call: Caller) -> None:
    worker = StandIn(app, "default")
    app.enqueue_many(app.request("send", id=id) for id in ("held", "ended"))
    held, ended = sorted(worker.lease(), key=lambda lease: lease.id, reverse=True)
    worker.finish(ended, 1)

    assert {change.id: change.outcome for change in call(app.refs(["held", "ended"]).cancel)} == {
        "held": CancelOutcome.CANCELLING,
        "ended": CancelOutcome.ENDED,
    }
    assert [change.id for change in call(app.select(queue="default").cancel)] == [held.id]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "at least one of queue, name, state, error"),
        ({"queue": "a b"}, "queue"),
        ({"name": ""}, "name"),
        ({"state": "gone"}, "one or several of cancelled, dead, expired"),
        ({"state": []}, "one or several of"),
        ({"state": 3}, "one or several of"),
        ({"error": "("}, "a regular expression"),
        ({"error": 3}, "a regular expression"),
    ],
)
def test_a_bad_filter_is_refused(fake_app: Scheduler, given: Mapping[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidOption, match=re.escape(complaint)):
        fake_app.select(**given)


def test_a_state_in_which_nothing_can_be_done_is_refused(fake_app: Scheduler) -> None:
    with pytest.raises(InvalidOption, match="one of leased, ready, retrying, running, scheduled"):
        fake_app.select(state=["ready", "dead"]).cancel()


@pytest.mark.parametrize("bad", ["", "a b", 3, None])
def test_a_bad_id_is_refused(fake_app: Scheduler, bad: Any) -> None:
    with pytest.raises(InvalidOption, match="tasks"):
        fake_app.refs(["good", bad])


def enqueue(app: Scheduler, count: int) -> list[Any]:
    return app.enqueue_many(app.request("send", number, queue="mail", delay=60) for number in range(count))


def test_what_a_call_would_act_on_is_counted_before(app: Scheduler) -> None:
    worker = StandIn(app, "default")
    app.enqueue_many(app.request("send", id=f"t{number}") for number in range(250))
    lease = worker.lease()[0]
    connection = app.connection

    def counted(text: str, verb: Verb[Any], looks: int = 10_000) -> tuple[int, bool]:
        found = connection.run(Matching(parse(text)).count(connection, verb, looks), "count")
        return found.matched, found.is_exact

    assert counted("name:send", Cancel()) == (250, True)
    assert counted("name:send", RUN_NOW) == (150, True)
    assert counted("queue:default", Cancel()) == (250, True)
    assert counted(f"id:{lease.id}", RUN_NOW) == (0, True)
    assert counted("name:send", Cancel(), 100) == (100, False)
    with pytest.raises(InvalidOption, match="state='dead'"):
        counted("state:dead", Cancel())
