"""How a worker stops: no task is lost or kept waiting, and the worker ends even if its handlers do not."""

import asyncio
import contextlib
import threading

import pytest

from redisched import Scheduler, current_task
from redisched.embedded import PrivateServer
from redisched.model import TaskState
from redisched.store.broker import Broker, connect
from tests.engine.running import RunningWorker, counts, look
from tests.waiting import wait_until


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


def test_running_tasks_end_and_waiting_ones_are_released_uncounted(app: Scheduler, real_broker: Broker) -> None:
    begun, release = threading.Semaphore(0), threading.Event()

    @app.task
    def long() -> str:
        begun.release()
        release.wait(15)
        return "ended"

    tasks = app.enqueue_many([long.request() for _ in range(10)])
    with RunningWorker(app, concurrency=2) as worker:
        for _ in range(2):
            assert begun.acquire(timeout=10)
        worker.stop()
        wait_until(lambda: counts(real_broker).leased == 2, "the tasks that had not started are released")
        assert not worker.has_ended
        release.set()

    ended = [task for task in tasks if task.status() is TaskState.SUCCEEDED]
    assert len(ended) == 2
    assert counts(real_broker).ready == 8
    for task in tasks:
        if task not in ended:
            view = look(real_broker, task.id)
            assert (view.attempts, view.crashes, view.redeliveries) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["sync", "async", "stuck"])
def test_tasks_that_outlast_the_grace_are_ended_and_released_uncounted(
    app: Scheduler, real_broker: Broker, kind: str
) -> None:
    begun, release = threading.Event(), threading.Event()

    @app.task(name="sync")
    def spin() -> None:
        begun.set()
        while True:
            pass

    @app.task(name="async")
    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    @app.task(name="stuck")
    def stuck() -> None:
        begun.set()
        release.wait(30)

    task = app.enqueue(kind)
    with RunningWorker(app, grace_s=0.05) as worker:
        assert begun.wait(10)
        worker.stop()
        worker.join()
    release.set()

    view = look(real_broker, task.id)
    assert view.state is TaskState.READY
    assert (view.attempts, view.crashes, view.redeliveries) == (0, 0, 0)


def test_another_worker_is_woken_for_a_released_task(app: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.engine.claiming.claimer.BLOCK_S", 300.0)
    begun = threading.Event()

    @app.task
    async def wait() -> str:
        if begun.is_set():
            return current_task().worker
        begun.set()
        return str(await asyncio.Event().wait())

    with RunningWorker(app, grace_s=0.0) as first:
        task = wait.enqueue()
        assert begun.wait(10)
        with RunningWorker(app) as second:
            first.stop()
            assert task.result(timeout=10) == second.name


def test_a_worker_stops_while_handlers_start_and_end(app: Scheduler, real_broker: Broker) -> None:
    ran: list[str] = []

    @app.task
    async def quick() -> None:
        ran.append(current_task().id)

    tasks = app.enqueue_many([quick.request() for _ in range(2_000)])
    while counts(real_broker).finished < len(tasks):
        done = len(ran)
        with RunningWorker(app) as worker:
            wait_until(lambda: len(ran) > done, "the worker has run a task")  # noqa: B023 - waited for right here
            worker.stop()

    assert len(ran) == len(set(ran)) == len(tasks)
    assert counts(real_broker).leased == 0


def test_a_worker_stops_even_if_redis_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.engine.worker_services.FLUSH_S", 0.3)
    with PrivateServer() as server:
        app = Scheduler(broker=connect(server.url, 0.3))
        begun = threading.Event()

        @app.task
        async def wait() -> None:
            begun.set()
            await asyncio.Event().wait()

        wait.enqueue()
        with RunningWorker(app, grace_s=0.05) as worker:
            assert begun.wait(10)
            server.kill()
            worker.stop()
            worker.join()


def test_a_worker_that_never_reached_redis_stops() -> None:
    with PrivateServer() as server:
        app = Scheduler(broker=connect(server.url, 0.3))
        server.kill()
        with RunningWorker(app) as worker:
            worker.stop()
            worker.join()


def test_an_error_in_a_part_of_the_worker_ends_it_and_is_raised(
    app: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    app.task(name="fine")(lambda: None)
    monkeypatch.setattr("redisched.engine.completion.succeeded", break_down)
    worker = RunningWorker(app)
    with contextlib.suppress(ZeroDivisionError), worker:
        app.enqueue("fine")
        wait_until(lambda: worker.has_ended, "the worker has ended")
    with pytest.raises(ZeroDivisionError):
        worker.join()
