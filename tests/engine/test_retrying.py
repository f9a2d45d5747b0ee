"""What becomes of tasks whose handlers raise, wherever they run."""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from redisched import Reject, Retry, RetryLater, Scheduler, Snooze, current_task, fixed, never
from redisched.context import TaskContext
from redisched.errors import InvalidOption, TaskFailed
from redisched.model import DeathReason, TaskState
from redisched.store.broker import Broker
from tests.engine.running import END_S, RunningWorker, look

LATER_S = 3_600


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


@pytest.fixture(params=["thread", "loop"])
def register(request: pytest.FixtureRequest, app: Scheduler) -> Callable[..., None]:
    """Registers a function as a handler that runs in a thread, or on the event loop."""

    def register(function: Callable[..., Any], **options: Any) -> None:
        async def on_loop() -> Any:
            await asyncio.sleep(0)
            return function()

        app.task(name="work", **options)(function if request.param == "thread" else on_loop)

    return register


def run_once(app: Scheduler) -> str:
    """Let a worker run one task until it has started and ended once; answers its id."""
    ended = threading.Event()
    ref = app.enqueue("work")
    with RunningWorker(app):
        while look(app.broker, ref.id).state in (TaskState.READY, TaskState.LEASED, TaskState.RUNNING):
            ended.wait(0.01)
    return ref.id


def pause_s(app: Scheduler, task_id: str) -> float:
    """How far away the next attempt is."""
    view = look(app.broker, task_id)
    assert view.run_at_ms is not None
    return (view.run_at_ms - view.now_ms) / 1e3


def test_the_handlers_policy_says_when_the_task_is_tried_again(app: Scheduler, register: Callable[..., None]) -> None:
    register(lambda: 1 / 0, retry=Retry(backoff=fixed(LATER_S)))

    task_id = run_once(app)

    view = look(app.broker, task_id)
    assert (view.state, view.attempts) == (TaskState.RETRYING, 1)
    assert pause_s(app, task_id) == pytest.approx(LATER_S, abs=20)


def test_an_error_that_is_never_retried_ends_the_task(app: Scheduler, register: Callable[..., None]) -> None:
    register(lambda: 1 / 0, retry=Retry.match({ArithmeticError: never}))

    failure = look(app.broker, run_once(app)).failure

    assert failure is not None
    assert (failure.reason, failure.error) == (DeathReason.NOT_RETRIED, "ZeroDivisionError: division by zero")


def test_a_handler_names_the_time_of_its_next_attempt(app: Scheduler, register: Callable[..., None]) -> None:
    def work() -> None:
        raise RetryLater(timedelta(seconds=LATER_S)) from OSError("busy")

    register(work)

    task_id = run_once(app)

    view = look(app.broker, task_id)
    assert (view.state, view.attempts) == (TaskState.RETRYING, 1)
    assert view.failure is not None
    assert "OSError: busy" in view.failure.traceback
    assert pause_s(app, task_id) == pytest.approx(LATER_S, abs=20)


def test_the_last_attempt_has_no_later_one(app: Scheduler, register: Callable[..., None]) -> None:
    def work() -> None:
        raise RetryLater(1)

    register(work, retry=Retry(attempts=1))

    failure = look(app.broker, run_once(app)).failure

    assert failure is not None
    assert failure.reason == DeathReason.ATTEMPTS


def test_a_snooze_burns_no_attempt_and_leaves_no_failure(app: Scheduler, register: Callable[..., None]) -> None:
    def work() -> None:
        raise Snooze(LATER_S)

    register(work, retry=Retry(attempts=1))

    task_id = run_once(app)

    view = look(app.broker, task_id)
    assert (view.state, view.attempts, view.redeliveries, view.failures) == (TaskState.SCHEDULED, 0, 0, ())
    assert pause_s(app, task_id) == pytest.approx(LATER_S, abs=20)


def test_a_handler_rejects_its_task_for_a_reason(app: Scheduler, register: Callable[..., None]) -> None:
    def work() -> None:
        raise Reject("the address has no city")

    register(work)

    task_id = run_once(app)

    with pytest.raises(TaskFailed, match=r"dead \(rejected by its handler\): Reject: the address has no city"):
        app.ref(task_id).result(END_S)


def test_except_exception_of_a_handler_does_not_catch_its_request(app: Scheduler) -> None:
    def work() -> str:
        try:
            raise Reject("no")
        except Exception:
            return "caught"

    app.task(name="work")(work)

    assert look(app.broker, run_once(app)).state is TaskState.DEAD


def test_a_backoff_function_that_fails_is_logged_and_the_default_pause_holds(
    app: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    app.task(name="work", retry=Retry(backoff=lambda attempt, error: 1 / 0))(lambda: int("no"))

    task_id = run_once(app)

    assert look(app.broker, task_id).state is TaskState.RETRYING
    assert 0 < pause_s(app, task_id) <= 5
    (said,) = [record for record in caplog.records if "backoff function of work failed" in record.getMessage()]
    assert said.levelno == logging.ERROR


def test_a_call_may_limit_the_attempts_of_a_policy(app: Scheduler) -> None:
    contexts: list[TaskContext] = []

    def work() -> None:
        contexts.append(current_task())
        raise OSError

    app.task(name="work", retry=Retry(attempts=9, backoff=fixed(0.01)))(work)
    ref = app.enqueue("work", max_attempts=2)
    with RunningWorker(app), pytest.raises(TaskFailed):
        ref.result(END_S)

    assert [(context.attempt, context.max_attempts) for context in contexts] == [(1, 2), (2, 2)]


@pytest.mark.parametrize("retry", [5, "often", {"attempts": 3}, None])
def test_a_retry_that_is_no_policy_is_refused(app: Scheduler, retry: Any) -> None:
    with pytest.raises(InvalidOption, match=r"^retry="):
        app.task(name="work", retry=retry)(lambda: None)
    with pytest.raises(InvalidOption, match=r"^retry="):
        app.enqueue("work", retry=retry)  # type: ignore[call-arg]  # bad on purpose


def test_attempts_are_said_in_one_place(app: Scheduler) -> None:
    with pytest.raises(InvalidOption, match=r"^max_attempts="):
        app.task(name="work", retry=Retry(attempts=3), max_attempts=3)(lambda: None)
