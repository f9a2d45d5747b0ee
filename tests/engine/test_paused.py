"""A worker at a paused queue: it finishes what it has, waits for the queue to be resumed, and starts at once then."""

import threading

import pytest

from redisched import Scheduler
from redisched.model import TaskState
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker, work_off
from tests.waiting import wait_until

PAUSED = "queue mail is paused: its tasks wait until: redisched queue resume mail"


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="send", queue="mail")(lambda: "sent")
    return app


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "paused" in record.getMessage()]


@pytest.mark.parametrize("shards", [1, 3])
def test_tasks_wait_while_their_queue_is_paused_and_start_when_it_is_resumed(
    app: Scheduler, caplog: pytest.LogCaptureFixture, shards: int
) -> None:
    app.grow("mail", shards)
    queue, started, release = app.queue("mail"), threading.Event(), threading.Event()

    @app.task(name="hold", queue="mail")
    def hold() -> bool:
        started.set()
        return release.wait(20)

    with RunningWorker(app, concurrency=4):
        running = hold.enqueue()
        assert started.wait(20)
        queue.pause()
        waiting = app.enqueue_many(app.request("send") for _ in range(20))
        wait_until(lambda: said(caplog) == [PAUSED], "the worker to be refused by the first shard")
        release.set()
        assert running.result(timeout=20) is True
        assert {ref.status() for ref in waiting} == {TaskState.READY}
        queue.resume()
        assert [ref.result(timeout=20) for ref in waiting] == ["sent"] * 20


def test_a_worker_that_ends_when_all_is_done_takes_a_paused_queue_for_empty(
    app: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    app.queue("mail").pause()
    task = app.enqueue("send")

    work_off(app)

    assert task.status() is TaskState.READY
    assert said(caplog) == [PAUSED]


def test_a_worker_goes_on_by_itself_when_a_pause_is_over(app: Scheduler) -> None:
    app.queue("mail").pause(0.3)
    with RunningWorker(app):
        assert app.enqueue("send").result(timeout=20) == "sent"
