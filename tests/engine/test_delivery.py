"""Handlers that start at most once: what ended them decides whether the task is dead, lost, or starts elsewhere."""

import asyncio
import threading
from typing import Any

import pytest

from redisched import Retry, RetryLater, Scheduler, Snooze, TaskState
from redisched.engine.executor import Executor
from redisched.errors import InvalidOption, TaskFailed, TaskLost
from redisched.records.task import task_record
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.orphans import held_by
from redisched.store.store import Store
from redisched.store.values import Orphan, Status
from tests.engine.running import RunningWorker, counts, look, work_off


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


@pytest.mark.parametrize("error", [ConnectionError("no answer"), RetryLater(1), Snooze(1)], ids=repr)
def test_a_task_whose_handler_raised_is_dead_after_one_attempt(app: Scheduler, error: BaseException) -> None:
    runs = []

    @app.task(delivery="at_most_once")
    def pay() -> None:
        runs.append(1)
        raise error

    ref = pay.enqueue()
    work_off(app)

    with pytest.raises(TaskFailed, match="attempts used up"):
        ref.result(5)
    assert runs == [1]


def test_a_call_by_name_cannot_have_more_attempts(app: Scheduler) -> None:
    ref = app.enqueue("pay", max_attempts=5)

    @app.task(name="pay", delivery="at_most_once")
    def pay() -> None:
        raise ConnectionError

    work_off(app)

    assert ref.status() is TaskState.DEAD


async def pay_slowly(begun: threading.Event) -> None:
    begun.set()
    await asyncio.Event().wait()


def test_a_task_that_ran_when_its_worker_stopped_is_lost(app: Scheduler) -> None:
    begun = threading.Event()
    app.task(name="pay", delivery="at_most_once")(lambda: pay_slowly(begun))
    ref = app.enqueue("pay")
    with RunningWorker(app, grace_s=0.0) as worker:
        assert begun.wait(10)
        worker.stop()
        worker.join()

    with pytest.raises(TaskLost, match="nobody knows how far it came"):
        ref.result(5)
    view = look(app.broker, ref.id)
    record = task_record(view)
    assert (record["state"], record["name"], record["attempts"], record["worker"]) == ("lost", "pay", 1, worker.name)
    assert record["started_ms"]
    assert record["ended_ms"]


def test_a_task_that_ran_when_its_process_died_is_lost(app: Scheduler) -> None:
    begun = threading.Event()
    app.task(name="pay", delivery="at_most_once")(lambda: pay_slowly(begun))
    ref = app.enqueue("pay")
    store = Store(app.broker.script_runner, "default")
    with RunningWorker(app, grace_s=0.0) as worker:
        assert begun.wait(10)
        held = run(held_by(store, worker.name), app.broker.client())
        orphans = [Orphan(id, token, 0) for id, token in held]
        assert run(store.recover(worker.name, 3, b"", orphans), app.broker.client()) == [Status.NOT_AGAIN]

    assert ref.status() is TaskState.LOST


def test_a_task_that_had_not_started_when_its_worker_was_lost_starts_elsewhere(
    app: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    app.task(name="pay", delivery="at_most_once")(lambda: runs.append(1))
    ref = app.enqueue("pay")
    with monkeypatch.context() as stalled:
        claimed = threading.Event()
        stalled.setattr(Executor, "offer", lambda _self, tasks: claimed.set() if tasks else None)
        with RunningWorker(app):
            assert claimed.wait(10)
    work_off(app)

    assert (runs, ref.status()) == ([1], TaskState.SUCCEEDED)


def test_a_start_that_could_not_be_stored_does_not_happen(app: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    app.task(name="pay", delivery="at_most_once")(lambda: runs.append(1))
    app.enqueue("pay")
    with monkeypatch.context() as refusing:
        refusing.setattr("redisched.engine.worker.note_start", refuse)
        with RunningWorker(app) as worker:
            refuse.asked.wait(10)
            worker.stop()
            worker.join()

    assert (runs, counts(app.broker).ready) == ([], 1)
    work_off(app)
    assert runs == [1]


class Refuse:
    """Answers that a task must not start."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    async def __call__(self, *_: Any) -> bool:
        self.asked.set()
        return False


refuse = Refuse()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_attempts": 2}, "max_attempts=2: 1 attempt, as delivery='at_most_once' never starts a task twice"),
        ({"retry": Retry(attempts=3)}, "retry=3: 1 attempt"),
    ],
    ids=["max_attempts", "retry"],
)
def test_more_than_one_attempt_is_refused(app: Scheduler, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        app.task(name="pay", delivery="at_most_once", **options)(lambda: None)


def test_more_than_one_attempt_is_refused_in_a_call(app: Scheduler) -> None:
    pay = app.task(name="pay", delivery="at_most_once")(lambda: None)

    with pytest.raises(InvalidOption, match="max_attempts=2: 1 attempt"):
        pay.options(max_attempts=2).enqueue()


@pytest.mark.parametrize("delivery", ["once", "AT_MOST_ONCE", "", 1, True])
def test_any_other_delivery_is_refused(app: Scheduler, delivery: Any) -> None:
    with pytest.raises(InvalidOption, match="one of at_least_once, at_most_once"):
        app.task(name="pay", delivery=delivery)(lambda: None)
