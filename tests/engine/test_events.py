"""Events are told after Redis has accepted what became of a task, with what belongs to them, and change nothing."""

import asyncio
import threading
from typing import Any

import pytest

from redisched import AttemptFailure, Reject, Retry, Scheduler, Snooze, TaskContext, TaskState, WorkerInfo
from redisched.engine import event_teller
from redisched.errors import InvalidOption
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker, work_off
from tests.waiting import wait_until

EVENTS = ("on_success", "on_failure", "on_retry", "on_dead", "on_cancelled", "on_worker_start", "on_worker_stop")


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def listen(app: Scheduler) -> list[tuple[Any, ...]]:
    """Listen to all events; answers the list of what is told."""
    told: list[tuple[Any, ...]] = []
    for event in EVENTS:

        def function(event: str) -> Any:
            if event == "on_cancelled" or event.startswith("on_worker"):
                return lambda ctx: told.append((event, ctx))
            return lambda ctx, more: told.append((event, ctx, more))

        getattr(app, event)(function(event))
    return told


def names(told: list[tuple[Any, ...]]) -> list[str]:
    return [event for event, *_ in told]


@pytest.mark.differs_by_server
@pytest.mark.parametrize("is_async", [False, True])
def test_a_success_is_told_with_its_result_between_start_and_stop(app: Scheduler, *, is_async: bool) -> None:
    told = listen(app)

    def double(number: int) -> int:
        return 2 * number

    async def double_async(number: int) -> int:
        return 2 * number

    ref = app.task(name="double", retention=0)(double_async if is_async else double).enqueue(4)
    with RunningWorker(app) as worker:
        wait_until(lambda: "on_success" in names(told), "the success is told")

    assert names(told) == ["on_worker_start", "on_success", "on_worker_stop"]
    assert told[0] == ("on_worker_start", WorkerInfo(name=worker.name, queues=("default",)))
    ctx, result = told[1][1:]
    assert (ctx.id, ctx.name, ctx.attempt, ctx.arguments, result) == (ref.id, "double", 1, {"number": 4}, 8)


def test_redis_has_the_outcome_before_it_is_told(app: Scheduler) -> None:
    states = []

    @app.on_success
    def look(ctx: TaskContext, _result: Any) -> None:
        states.append(app.ref(ctx.id, ctx.queue).status())

    app.task(name="f")(lambda: None).enqueue()
    work_off(app)

    assert states == [TaskState.SUCCEEDED]


def test_a_failed_attempt_is_told_with_the_time_of_the_next(app: Scheduler) -> None:
    told = listen(app)
    error = ConnectionError("no answer")

    @app.task(retry=Retry(backoff=[3600]))
    def handler() -> None:
        raise error

    handler.enqueue()
    work_off(app)

    assert names(told)[1:-1] == ["on_failure", "on_retry"]
    failure: AttemptFailure = told[2][2]
    assert failure.exception is error
    assert (failure.error, failure.reason, failure.retry_in_s) == ("ConnectionError: no answer", "", 3600)
    assert "raise error" in failure.traceback


@pytest.mark.parametrize(
    ("raised", "reason"),
    [(ValueError("no"), "attempts used up"), (Reject("no"), "rejected by its handler")],
    ids=repr,
)
def test_a_dead_task_is_told_with_its_reason(app: Scheduler, raised: BaseException, reason: str) -> None:
    told = listen(app)

    @app.task(retry=Retry(attempts=1))
    async def handler() -> None:
        raise raised

    handler.enqueue()
    work_off(app)

    assert names(told)[1:-1] == ["on_failure", "on_dead"]
    failure: AttemptFailure = told[2][2]
    assert (failure.reason, failure.retry_in_s, failure.exception) == (reason, None, raised)


def test_a_task_that_no_handler_failed_is_dead_without_a_failed_attempt(app: Scheduler) -> None:
    told = listen(app)
    app.task(name="known")(lambda: None)
    app.enqueue("unknown")
    work_off(app, unroutable_limit=1)

    assert names(told)[1:-1] == ["on_dead"]
    assert told[1][2].exception is None
    assert told[1][2].reason == "unroutable: no worker knows its handler"


@pytest.mark.parametrize(
    ("raised", "events"), [(ConnectionError(), ["on_failure", "on_dead"]), (Snooze(3600), ["on_dead"])], ids=repr
)
def test_a_task_for_which_no_time_is_left_is_dead_whatever_its_handler_asked_for(
    app: Scheduler, raised: BaseException, events: list[str]
) -> None:
    told = listen(app)

    @app.task(deadline=60, retry=Retry(backoff=[3600]))
    def handler() -> None:
        raise raised

    handler.enqueue()
    work_off(app)

    assert names(told)[1:-1] == events
    assert told[-2][2].reason == "out of time for another attempt"


def test_a_snooze_is_no_event(app: Scheduler) -> None:
    told = listen(app)

    @app.task
    def handler() -> None:
        raise Snooze(3600)

    handler.enqueue()
    work_off(app)

    assert names(told) == ["on_worker_start", "on_worker_stop"]


def test_a_cancelled_task_is_told(app: Scheduler) -> None:
    told = listen(app)
    begun = threading.Event()

    @app.task
    async def handler() -> None:
        begun.set()
        await asyncio.Event().wait()

    ref = handler.enqueue()
    with RunningWorker(app):
        assert begun.wait(10)
        ref.cancel()
        wait_until(lambda: "on_cancelled" in names(told), "the cancellation is told")

    assert names(told)[1:-1] == ["on_cancelled"]


def test_an_error_in_an_event_is_logged_and_changes_nothing(app: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    told = []

    @app.on_success
    async def first(_ctx: TaskContext, _result: Any) -> None:
        raise ZeroDivisionError("in an event")

    @app.on_success
    async def second(_ctx: TaskContext, _result: Any) -> None:
        raise asyncio.CancelledError

    @app.on_success
    def third(_ctx: TaskContext, result: Any) -> None:
        told.append(result)

    @app.on_worker_start
    def start(_worker: WorkerInfo) -> None:
        raise OSError("no database")

    refs = [app.task(name="f")(lambda number: number).enqueue(number) for number in (1,)]
    work_off(app)

    assert [ref.result(5) for ref in refs] == [1]
    assert told == [1]
    assert "event on_worker_start: test_an_error_in_an_event" in caplog.text
    assert "ZeroDivisionError: in an event" in caplog.text
    assert "was cancelled" in caplog.text


def test_an_event_that_does_not_end_delays_no_task_and_no_stop(
    app: Scheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_teller, "STOP_S", 0.01)
    monkeypatch.setattr(event_teller, "MOST", 2)

    @app.on_success
    async def hang(_ctx: TaskContext, _result: Any) -> None:
        await asyncio.Event().wait()

    handler = app.task(name="f")(lambda: 1)
    refs = [handler.enqueue() for _ in range(20)]
    work_off(app)

    assert [ref.result(5) for ref in refs] == [1] * 20
    assert "2 wait, and more are not told" in caplog.text
    assert "not all were told within 0.01 s" in caplog.text


def test_values_of_middleware_are_those_of_the_event(app: Scheduler) -> None:
    told = listen(app)

    @app.middleware
    async def middleware(ctx: TaskContext, call_next: Any) -> Any:
        ctx.values["cost"] = 3
        return await call_next()

    app.task(name="f")(lambda: None).enqueue()
    work_off(app)

    assert told[1][1].values == {"cost": 3}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("function", [None, lambda: None, lambda _a, _b, _c: None])
def test_what_cannot_be_told_is_refused(event: str, function: Any) -> None:
    with pytest.raises(InvalidOption, match=f"{event}=.*: a function that takes"):
        getattr(Scheduler(), event)(function)
