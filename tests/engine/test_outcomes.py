"""How a task that a worker runs ends, from enqueueing to what its producer gets."""

import asyncio
import threading
from typing import Any

import pytest

from redisched import Scheduler, current_task
from redisched.config import Until
from redisched.errors import CancelRequested, TaskCancelled, TaskFailed
from redisched.keys import keys_of
from redisched.model import DeathReason, TaskState
from redisched.retry import Retry
from redisched.store.broker import Broker
from tests.engine.running import SOON, RunningWorker, counts, look, work_off
from tests.lua.situation import seed, waiting
from tests.waiting import wait_until


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def why_dead(broker: Broker, task_id: str) -> str:
    """Wait until a task is dead, and answer the reason."""
    failure = wait_until(lambda: look(broker, task_id).failure, "the task is dead")
    assert failure is not None
    assert look(broker, task_id).state is TaskState.DEAD
    return failure.reason


def test_results_come_back_from_handlers_of_both_kinds(app: Scheduler) -> None:
    @app.task
    def add(a: int, b: int) -> int:
        return a + b

    @app.task
    async def double(a: int) -> dict[str, int]:
        await asyncio.sleep(0)
        return {"doubled": 2 * a}

    with RunningWorker(app):
        sums = [add.enqueue(number, 1) for number in range(20)]
        doubles = [double.enqueue(number) for number in range(20)]
        assert [task.result(timeout=10) for task in sums] == list(range(1, 21))
        assert [task.result(timeout=10)["doubled"] for task in doubles] == list(range(0, 40, 2))
        assert sums[0].status() is TaskState.SUCCEEDED


def test_a_failing_task_is_tried_again_and_ends_dead_with_its_traceback(app: Scheduler, broker: Broker) -> None:
    seen: list[tuple[int, int, int]] = []

    @app.task(retry=Retry(attempts=3, backoff=SOON))
    def fail() -> None:
        task = current_task()
        seen.append((task.attempt, task.max_attempts, task.fence))
        raise ValueError(f"attempt {task.attempt}")

    with RunningWorker(app):
        task = fail.enqueue()
        with pytest.raises(TaskFailed, match="attempt 3") as caught:
            task.result(timeout=10)

    assert [attempt for attempt, _, _ in seen] == [1, 2, 3]
    assert {most for _, most, _ in seen} == {3}
    assert seen[0][2] < seen[1][2] < seen[2][2]
    assert "raise ValueError" in caught.value.traceback
    assert caught.value.reason == DeathReason.ATTEMPTS
    assert look(broker, task.id).state is TaskState.DEAD


def test_a_task_that_succeeds_in_the_end_keeps_no_failures(app: Scheduler, broker: Broker) -> None:
    @app.task(retry=Retry(backoff=SOON))
    def unsteady() -> int:
        if current_task().attempt < 3:
            raise ConnectionError
        return current_task().attempt

    with RunningWorker(app):
        assert unsteady.enqueue().result(timeout=10) == 3

    left = {key.decode().rpartition(":")[2] for key in broker.client().perform(("KEYS", "*{default}*"))}
    assert left <= {"outcomes", "finished", "fence", "reaper", "wake", "claims"}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_task_that_exceeds_its_timeout_is_ended_and_counts_as_failed(app: Scheduler, kind: str) -> None:
    @app.task(name="sync", timeout=0.05, max_attempts=1)
    def spin() -> None:
        while True:
            pass

    @app.task(name="async", timeout=0.05, retry=Retry(attempts=1, backoff=SOON))
    async def wait() -> None:
        await asyncio.Event().wait()

    with RunningWorker(app), pytest.raises(TaskFailed, match="HandlerTimedOut"):
        app.enqueue(kind).result(timeout=10)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_running_task_is_told_of_its_cancellation(app: Scheduler, kind: str) -> None:
    begun = threading.Event()
    told: list[type[BaseException]] = []

    @app.task(name="sync")
    def spin() -> None:
        begun.set()
        try:
            while True:
                pass
        except CancelRequested as reason:
            told.append(type(reason))
            raise

    @app.task(name="async")
    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as reason:
            told.append(type(reason))
            raise

    with RunningWorker(app, lease_s=0.6, concurrency=1) as worker:
        task = app.enqueue(kind)
        assert begun.wait(10)
        assert wait_until(lambda: task.status() is TaskState.RUNNING, "a heartbeat has reported that the task runs")
        assert task.cancel() == "cancelling"
        with pytest.raises(TaskCancelled):
            task.result(timeout=10)
        assert not worker.has_ended
    assert len(told) == 1


def test_a_waiting_task_that_was_cancelled_never_runs(app: Scheduler) -> None:
    ran = []

    @app.task
    def note(what: str) -> None:
        ran.append(what)

    cancelled = note.enqueue("cancelled")
    note.enqueue("kept")
    assert cancelled.cancel() == "cancelled"
    work_off(app)
    assert ran == ["kept"]


def test_a_task_that_no_worker_knows_uses_no_attempt_and_ends_unroutable(app: Scheduler, broker: Broker) -> None:
    with RunningWorker(app, unroutable_limit=3, unroutable_backoff=SOON):
        task = app.enqueue("nobody.knows")
        with pytest.raises(TaskFailed, match=r"nobody\.knows"):
            task.result(timeout=10)

    view = look(broker, task.id)
    assert (view.attempts, view.redeliveries) == (0, 2)
    assert why_dead(broker, task.id) == DeathReason.UNROUTABLE


def test_a_task_that_one_worker_does_not_know_is_run_by_one_that_does(app: Scheduler, broker: Broker) -> None:
    stranger = Scheduler(broker=broker)
    with RunningWorker(stranger, queues=("default",), unroutable_backoff=SOON):
        task = app.enqueue("known.here")
        wait_until(lambda: look(broker, task.id).redeliveries > 0, "the task was released once")
        app.task(name="known.here")(lambda: "done")
        with RunningWorker(app):
            assert task.result(timeout=10) == "done"


def test_a_record_that_is_not_a_task_ends_dead_and_the_worker_lives(app: Scheduler, broker: Broker) -> None:
    app.task(name="fine")(lambda: "fine")
    for id in "abc":
        seed(broker, "default", waiting(id, run_at_ms=1))
    broker.client().perform(("HDEL", keys_of("default").tasks, "c"))

    with RunningWorker(app):
        assert {why_dead(broker, id) for id in "ab"} == {DeathReason.UNDECODABLE}
        assert why_dead(broker, "c") == DeathReason.RECORD_LOST
        assert app.enqueue("fine").result(timeout=10) == "fine"


@pytest.mark.parametrize("result", [object(), 2**70, "x" * 300_000, lambda: 0])
def test_a_result_that_cannot_be_stored_ends_its_task_dead(app: Scheduler, result: Any) -> None:
    app.task(name="give")(lambda: result)

    with RunningWorker(app), pytest.raises(TaskFailed) as caught:
        app.enqueue("give").result(timeout=10)
    assert caught.value.reason == DeathReason.RESULT


def test_without_retention_only_the_state_is_kept(app: Scheduler) -> None:
    app.task(name="give", retention=0)(object)

    with RunningWorker(app):
        task = app.enqueue("give")
        assert task.result(timeout=10) is None


def test_an_async_handler_that_cancels_itself_fails(app: Scheduler) -> None:
    @app.task(max_attempts=1)
    async def give_up() -> None:
        raise asyncio.CancelledError

    with RunningWorker(app) as worker:
        with pytest.raises(TaskFailed, match="CancelledError"):
            give_up.enqueue().result(timeout=10)
        assert not worker.has_ended


def test_a_burst_ends_when_nothing_is_due(app: Scheduler, broker: Broker) -> None:
    app.task(name="add", queue="sums")(lambda a, b: a + b)
    tasks = app.enqueue_many([app.request("add", number, 1) for number in range(300)])
    later = app.enqueue("add", 0, 0, delay=3_600)
    work_off(app)

    assert all(task.status() is TaskState.SUCCEEDED for task in tasks)
    assert later.status() is TaskState.SCHEDULED
    assert counts(broker, "sums").leased == 0


def test_a_burst_on_an_empty_queue_ends_at_once(app: Scheduler) -> None:
    with RunningWorker(app, until=Until.EMPTY) as worker:
        worker.join()
