"""Tasks that no worker has are deleted, by ids, by a filter, or with all others of their queue."""

import threading
from typing import Any

import pytest

from redisched import DeleteOutcome, Scheduler
from redisched.client.deleting import Delete
from redisched.errors import InvalidOption, TaskCancelled, UnknownTask
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.store import Store
from tests.chaos.invariants import check_places
from tests.client.callers import Caller
from tests.client.stand_in import FAILURE, StandIn
from tests.lua.situation import situation_of
from tests.waiting import wait_until


@pytest.fixture
def tasks(app: Scheduler) -> None:
    """A task in each state, and one of another queue."""
    worker = StandIn(app, "mail")
    for id in ("dead", "leased"):
        app.enqueue("send", queue="mail", id=id)
        (lease,) = worker.lease()
        if id == "dead":
            worker.bury(lease, FAILURE)
    app.enqueue("send", queue="mail", id="ready", expires=60)
    app.enqueue("write", queue="mail", id="scheduled", delay=60)
    app.enqueue("send", id="elsewhere")


def state(app: Scheduler, id: str) -> TaskState:
    return app.ref(id, "default" if id == "elsewhere" else "mail").status()


@pytest.mark.usefixtures("tasks")
def test_a_filter_deletes_what_no_worker_has(app: Scheduler, call: Caller, broker: Broker) -> None:
    changes = call(app.select(queue="mail").delete)

    assert {change.id: change.outcome for change in changes} == dict.fromkeys(
        ("ready", "scheduled", "dead"), DeleteOutcome.DELETED
    )
    assert state(app, "leased") is TaskState.LEASED
    assert state(app, "elsewhere") is TaskState.READY
    left = situation_of(broker, "mail")
    check_places(left)
    assert set(left["tasks"]) == {"leased"}


@pytest.mark.usefixtures("tasks")
def test_a_task_is_deleted_by_its_id_unless_a_worker_has_it(app: Scheduler, call: Caller) -> None:
    assert call(app.ref("leased", "mail").delete) is DeleteOutcome.LEASED
    assert call(app.ref("ready", "mail").delete) is DeleteOutcome.DELETED
    with pytest.raises(UnknownTask):
        call(app.ref("nosuch", "mail").delete)

    with pytest.raises(TaskCancelled):
        app.ref("ready", "mail").result(timeout=5)


def test_the_unique_key_of_a_deleted_task_is_free(app: Scheduler, call: Caller, broker: Broker) -> None:
    ref = app.enqueue("send", queue="mail", unique="k")

    assert call(ref.delete) is DeleteOutcome.DELETED

    assert app.enqueue("send", queue="mail", unique="k").is_new
    check_places(situation_of(broker, "mail"))


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    ("states", "deleted"),
    [
        ((), {"ready", "scheduled", "dead"}),
        (("scheduled",), {"scheduled"}),
        ((["ready", TaskState.DEAD],), {"ready", "dead"}),
    ],
)
def test_a_purge_deletes_what_waits_or_is_dead(
    app: Scheduler, call: Caller, states: tuple[Any, ...], deleted: set[str]
) -> None:
    assert {change.id for change in call(app.queue("mail").purge, *states)} == deleted

    assert state(app, "leased") is TaskState.LEASED


@pytest.mark.parametrize("states", ["running", "leased", "gone", [], 7])
def test_states_in_which_nothing_is_deleted_are_refused(app: Scheduler, states: object) -> None:
    with pytest.raises(InvalidOption, match="state") as refused:
        app.queue("mail").purge(states)  # type: ignore[arg-type]
    _, allowed = str(refused.value).split("one or several of ")
    assert set(allowed.split(", ")) == {*map(str, Delete().states)}


def test_what_has_ended_is_deleted_with_its_result(app: Scheduler, call: Caller) -> None:
    app.enqueue("send", queue="mail", id="ended", retention=3600)
    worker = StandIn(app, "mail")
    (lease,) = worker.lease()
    worker.finish(lease, "sent")

    (change,) = call(app.select(queue="mail").delete)

    assert change.outcome is DeleteOutcome.DELETED


def test_who_waits_for_a_deleted_task_is_told(app: Scheduler) -> None:
    ref = app.enqueue("send", queue="mail", delay=60)
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            ref.result(timeout=60)
        except TaskCancelled as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    watched = Store(app.broker.script_runner, "mail").keys.watched
    wait_until(lambda: app.broker.client().perform(("EXISTS", watched)) == 1, "the caller to watch")
    ref.delete()
    waiting.join(10)

    assert len(errors) == 1


def test_tasks_of_all_shards_are_purged(app: Scheduler, call: Caller) -> None:
    app.grow("mail", 3)
    app.enqueue_many(app.request("send", queue="mail") for _ in range(500))

    assert len(call(app.queue("mail").purge)) == 500
    assert call(app.queue("mail").purge) == []
