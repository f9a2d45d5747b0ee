"""What is kept of an ended task and of its attempts, as observers see it."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched import Scheduler, TaskState
from redisched.errors import InvalidOption, TaskFailed
from redisched.model import REPLAY_MS, DeathReason, Keep, TaskBody
from redisched.options import TaskOptionFields
from redisched.retry import Retry
from redisched.store.broker import Broker
from redisched.store.view import TaskView
from tests.engine.running import END_S, SOON, RunningWorker, look, work_off

RETENTION_S = 60


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    """An application with a handler that fails twice before it returns."""
    app = Scheduler(broker=real_broker)
    failures = iter((OSError("first"), ValueError("second")))

    def add(one: int, other: int) -> int:
        for failure in failures:
            raise failure
        return one + other

    app.task(name="add", retry=Retry(attempts=3, backoff=SOON))(add)
    return app


def kept_s(view: TaskView) -> float:
    assert view.outcome is not None
    assert view.forgotten_ms is not None
    return (view.forgotten_ms - view.outcome.ended_ms) / 1e3


def test_a_task_that_is_kept_whole_shows_its_call_and_every_attempt(app: Scheduler) -> None:
    ref = app.enqueue("add", 1, 2, keep="task", priority=7)
    asked_ms = look(app.broker, ref.id).run_at_ms
    with RunningWorker(app):
        assert ref.result(END_S) == 3

    view = look(app.broker, ref.id)

    assert (view.state, view.attempts) == (TaskState.SUCCEEDED, 3)
    assert (view.body, view.priority) == (TaskBody("add", [1, 2], {}, keep=Keep.TASK), 7)
    assert view.run_at_ms is not None
    assert [(failure.attempt, failure.error) for failure in view.failures] == [
        (1, "OSError: first"), (2, "ValueError: second"),
    ]  # fmt: skip
    for failure in view.failures:
        assert failure.traceback.startswith("Traceback")
        assert failure.worker == view.worker != ""
        assert 0 < failure.due_ms <= failure.started_ms <= failure.failed_ms <= view.run_at_ms
    assert view.failures[0].due_ms == asked_ms


def test_by_default_the_result_is_kept_and_the_call_is_not(app: Scheduler) -> None:
    ref = app.enqueue("add", 1, 2)
    with RunningWorker(app):
        ref.result(END_S)

    view = look(app.broker, ref.id)

    assert view.outcome is not None
    assert (view.outcome.result, view.name, view.attempts, view.worker != "") == (3, "add", 3, True)
    assert (view.body, view.priority, view.run_at_ms, view.failures) == (None, None, None, ())


@pytest.mark.parametrize(("options", "forgotten_s"), [({}, REPLAY_MS / 1e3), ({"id": "chosen"}, RETENTION_S)])
def test_with_keep_nothing_only_the_state_stays_while_the_call_may_be_repeated(
    app: Scheduler, options: TaskOptionFields, forgotten_s: float
) -> None:
    app.task(name="quick", retention=RETENTION_S, keep="nothing")(lambda: {"much": "too much"})
    ref = app.enqueue("quick", **options)
    work_off(app)

    view = look(app.broker, ref.id)

    assert (ref.status(), ref.result(5)) == (TaskState.SUCCEEDED, None)
    assert (view.name, view.worker, view.started_ms) == ("", "", 0)
    assert kept_s(view) == pytest.approx(forgotten_s, abs=1)


def test_the_keep_of_a_handler_applies_to_tasks_enqueued_by_name(app: Scheduler) -> None:
    ref = app.enqueue("later", 5)
    app.task(name="later", keep="task")(lambda number: number)
    work_off(app)

    assert look(app.broker, ref.id).body == TaskBody("later", [5], {})


@pytest.mark.parametrize(("handlers", "calls", "has_body"), [("task", "result", False), ("result", "task", True)])
def test_the_keep_of_a_call_overrides_that_of_the_handler(
    app: Scheduler, handlers: Any, calls: Any, has_body: bool
) -> None:
    app.task(name="quick", keep=handlers)(lambda: None)
    ref = app.enqueue("quick", keep=calls)
    work_off(app)

    assert (look(app.broker, ref.id).body is not None) is has_body


def cancel(app: Scheduler) -> str:
    ref = app.enqueue("quick", 1, keep="task", priority=3)
    ref.cancel()
    return ref.id


def expire(app: Scheduler) -> str:
    ref = app.enqueue("quick", 1, keep="task", priority=3, expires=0.001)
    work_off(app)
    return ref.id


@pytest.mark.parametrize(("end", "state"), [(cancel, TaskState.CANCELLED), (expire, TaskState.EXPIRED)])
def test_a_cancelled_or_expired_task_is_kept_whole_too(
    app: Scheduler, end: Callable[[Scheduler], str], state: TaskState
) -> None:
    app.task(name="quick")(lambda number: number)

    view = look(app.broker, end(app))

    assert (view.state, view.priority) == (state, 3)
    assert view.body == TaskBody("quick", [1], {}, keep=Keep.TASK)


def test_a_dead_task_keeps_every_attempt(app: Scheduler) -> None:
    app.task(name="doomed", retry=Retry(attempts=3, backoff=SOON))(lambda: 1 / 0)
    ref = app.enqueue("doomed")
    with RunningWorker(app), pytest.raises(TaskFailed, match="division by zero"):
        ref.result(END_S)

    failures = look(app.broker, ref.id).failures

    assert [(failure.attempt, failure.reason) for failure in failures] == [(1, ""), (2, ""), (3, DeathReason.ATTEMPTS)]
    assert all("1 / 0" in failure.traceback for failure in failures)


def test_a_new_keep_of_the_handler_does_not_make_the_same_call_another_task(app: Scheduler) -> None:
    app.task(name="quick")(lambda: None)
    ref = app.enqueue("quick", id="one")
    changed = Scheduler(broker=app.broker)
    changed.task(name="quick", keep="task")(lambda: None)

    assert changed.enqueue("quick", id="one") == ref


@pytest.mark.parametrize("keep", ["all", "", None, True, 1, b"task"])
def test_an_invalid_keep_is_refused_and_nothing_is_written(app: Scheduler, keep: Any) -> None:
    with pytest.raises(InvalidOption, match=r"^keep="):
        app.enqueue("mail", keep=keep)
    with pytest.raises(InvalidOption, match=r"^keep="):
        app.task(name="mail", keep=keep)(lambda: None)

    assert app.broker.client().perform(("DBSIZE",)) == 0


@pytest.mark.parametrize("keep", ["result", "task"])
def test_with_a_retention_of_0_nothing_can_be_kept(app: Scheduler, keep: Any) -> None:
    with pytest.raises(InvalidOption, match="nothing with a retention of 0"):
        app.enqueue("mail", keep=keep, retention=0)
