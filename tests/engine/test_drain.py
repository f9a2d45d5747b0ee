"""A worker that drains claims nothing more, and gives its handlers all the time they need."""

import logging
import threading

import pytest

from redisched import Scheduler
from redisched.model import TaskState
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker, counts, look
from tests.waiting import wait_until


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


class Held:
    """A handler that runs until it is told to end."""

    def __init__(self, app: Scheduler) -> None:
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()
        app.task(name="hold")(self._hold)

    def _hold(self) -> str:
        self.begun.release()
        assert self.go_on.wait(20)
        return "whole"


def test_running_handlers_end_and_tasks_that_wait_go_back_at_once(
    app: Scheduler, real_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    held = Held(app)
    tasks = [app.enqueue("hold") for _ in range(5)]
    with RunningWorker(app, concurrency=2, grace_s=0.0) as worker:
        for _ in range(2):
            assert held.begun.acquire(timeout=10)
        worker.drain()
        wait_until(lambda: "is draining" in caplog.text, "the worker drains")
        wait_until(lambda: counts(real_broker).ready == 3, "the tasks that had not started are given back")
        assert not worker.has_ended
        held.go_on.set()
        worker.join()

    assert counts(real_broker).ready == 3
    assert [task.result() for task in tasks if task.status() is TaskState.SUCCEEDED] == ["whole"] * 2


def test_a_stop_while_it_drains_ends_the_handlers_after_the_grace(app: Scheduler, real_broker: Broker) -> None:
    held = Held(app)
    task = app.enqueue("hold")
    with RunningWorker(app, concurrency=1, grace_s=0.05) as worker:
        assert held.begun.acquire(timeout=10)
        app.enqueue("hold")
        worker.drain()
        wait_until(lambda: counts(real_broker).leased == 1 and not worker.has_ended, "only the handler is left")
        worker.stop()
        worker.join()
    held.go_on.set()

    view = look(real_broker, task.id)
    assert view.state is TaskState.READY
    assert (view.attempts, view.crashes, view.redeliveries) == (0, 0, 0)
