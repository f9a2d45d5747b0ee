"""What handlers on the event loop and in threads tell of their progress, as callers read it."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from redisched import Progress, Retry, Scheduler, TaskRef, TaskState, current_task
from redisched.context import TaskContext
from redisched.engine.reporter import INTERVAL_S
from redisched.errors import BrokerRefused, BrokerUnavailable, QueueFull, RedischedError, UnknownTask
from redisched.keys import keys_of
from redisched.store.broker import Broker
from redisched.store.operation import Operation
from redisched.store.report import Report
from redisched.store.store import Store
from redisched.store.values import Status
from tests.engine.running import END_S, RunningWorker, work_off
from tests.waiting import wait_until

Tell = Callable[[TaskContext], object]


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def told(progress: Progress | None) -> tuple[float, float, str, int] | None:
    return None if progress is None else (progress.done, progress.total, progress.note, progress.attempt)


def texts(task: TaskRef[Any]) -> list[tuple[int, str]]:
    return [(line.attempt, line.text) for line in task.log().lines]


def tell(count: int) -> None:
    for done in range(1, count + 1):
        current_task().progress(done, count, f"page {done}")
        current_task().log(f"fetched {done}")


async def tell_async(count: int) -> None:
    tell(count)


async def tell_in_a_thread(count: int) -> None:
    await asyncio.to_thread(tell, count)


@pytest.mark.parametrize("function", [tell, tell_async, tell_in_a_thread])
def test_the_last_that_a_handler_told_is_kept_with_its_outcome(app: Scheduler, function: Callable[..., Any]) -> None:
    task = app.task(name="f")(function).enqueue(3)
    work_off(app)

    assert task.status() is TaskState.SUCCEEDED
    assert told(task.progress()) == (3, 3, "page 3", 1)
    assert texts(task) == [(1, "fetched 1"), (1, "fetched 2"), (1, "fetched 3")]
    assert all(line.at_ms > 0 for line in task.log().lines)


def test_it_is_read_while_the_handler_runs_also_under_asyncio(app: Scheduler) -> None:
    goes_on = threading.Event()

    @app.task(name="f")
    def handler() -> None:
        current_task().progress(1, 2)
        current_task().log("half")
        goes_on.wait(END_S)

    async def read(task: TaskRef[None]) -> tuple[Progress | None, int]:
        try:
            return await task.progress_async(), len((await task.log_async()).lines)
        finally:
            await app.close_async()

    task = handler.enqueue()
    with RunningWorker(app):
        # The progress may be told before the handler has come to its log, which then follows half a second later.
        wait_until(lambda: task.progress() and task.log().lines, "progress and log are there")
        progress, lines = asyncio.run(read(task))
        goes_on.set()

    assert (told(progress), lines) == ((1, 2, "", 1), 1)


def test_a_task_that_told_nothing_touches_no_key_of_reports(app: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch)
    task = app.task(name="f")(lambda: current_task().attempt).enqueue()
    work_off(app)

    assert (task.progress(), task.log().lines, calls) == (None, (), [])
    with pytest.raises(UnknownTask):
        app.ref("never").progress()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tasks each call to store reports was about."""
    calls: list[int] = []
    report = Store.report

    def count(store: Store, reports: list[Report]) -> Operation[list[Status]]:
        calls.append(len(reports))
        return report(store, reports)

    monkeypatch.setattr(Store, "report", count)
    return calls


def test_a_tight_loop_costs_redis_two_calls(app: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch)
    monkeypatch.setattr("redisched.engine.reporter.INTERVAL_S", 100.0)
    task = app.task(name="f")(tell).enqueue(20_000)
    work_off(app)

    assert (told(task.progress()), texts(task)[-1]) == ((20_000, 20_000, "page 20000", 1), (1, "fetched 20000"))
    assert task.log().dropped == 20_000 - len(task.log().lines)
    assert len(calls) <= 2


def test_the_log_goes_on_over_attempts_and_stays_with_a_dead_task(app: Scheduler) -> None:
    @app.task(name="f", retry=Retry(attempts=2, backoff=[0]))
    def handler() -> None:
        current_task().log(f"try {current_task().attempt}")
        current_task().progress(current_task().attempt, 3)
        raise ValueError("the line is cut")

    task = handler.enqueue()
    work_off(app)
    assert task.status() is TaskState.DEAD
    assert (told(task.progress()), texts(task)) == ((2, 3, "", 2), [(1, "try 1"), (2, "try 2")])

    task.discard()
    assert texts(task) == [(1, "try 1"), (2, "try 2")]


def test_what_a_worker_tells_that_lost_the_task_is_refused(app: Scheduler) -> None:
    @app.task(name="f")
    def handler() -> None:
        task = current_task()
        app.broker.client().perform(("HSET", keys_of("default").held, task.id, f"{task.fence + 1} 0 0 another"))
        task.progress(1, 2)
        task.log("stale")

    handler.enqueue()
    work_off(app)

    assert app.broker.client().perform(("EXISTS", keys_of("default").reports)) == 0


@pytest.mark.parametrize("error", [QueueFull("OOM"), BrokerRefused("report", "no rights")])
def test_a_redis_that_refuses_reports_keeps_no_task_from_its_end(
    app: Scheduler, error: RedischedError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Operation[list[Status]]:
        yield from ()
        raise error

    monkeypatch.setattr(Store, "report", refuse)
    task = app.task(name="f")(tell).enqueue(3)
    work_off(app)

    assert (task.status(), task.progress()) == (TaskState.SUCCEEDED, None)


def test_what_did_not_arrive_is_sent_again(app: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    report, failures = Store.report, [BrokerUnavailable("no answer", 1.0)]

    def fail_once(store: Store, reports: list[Report]) -> Operation[list[Status]]:
        statuses = yield from report(store, reports)
        if failures:
            raise failures.pop()
        return statuses

    monkeypatch.setattr(Store, "report", fail_once)
    task = app.task(name="f")(tell).enqueue(3)
    with RunningWorker(app):
        task.result(timeout=END_S)

    assert (told(task.progress()), len(texts(task))) == ((3, 3, "page 3", 1), 3)


def test_in_a_queue_of_several_shards_each_task_has_its_own(app: Scheduler) -> None:
    app.grow("default", 3)
    tasks = [app.task(name="f")(tell).enqueue(1)] + [app.enqueue("f", count) for count in range(2, 7)]
    work_off(app)

    assert [told(task.progress()) for task in tasks] == [
        (count, count, f"page {count}", 1) for count in range(1, len(tasks) + 1)
    ]
    assert [len(app.ref(task.id).log().lines) for task in tasks] == list(range(1, len(tasks) + 1))


def test_a_handler_reports_about_twice_a_second() -> None:
    assert 0.1 <= INTERVAL_S <= 1.0
