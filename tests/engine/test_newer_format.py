"""A later redisched has written to one of a worker's queues: the worker leaves that one alone and serves the others."""

import logging

import pytest

from redisched import Scheduler, TaskState
from redisched.keys import keys_of
from redisched.store.broker import Broker
from redisched.store.scripts import FORMAT
from tests.engine.running import RunningWorker, look
from tests.waiting import wait_until


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="send", queue="mail")(lambda: "sent")
    app.task(name="bill", queue="bills")(lambda: "billed")
    return app


@pytest.mark.differs_by_server
def test_other_queues_go_on_and_nothing_of_the_newer_one_is_lost(
    app: Scheduler, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = app.handler("send").enqueue()
    key = keys_of("mail").format
    broker.client().perform(("SET", key, FORMAT + 1))

    with RunningWorker(app) as worker:
        assert [app.handler("bill").enqueue().result(timeout=10) for _ in range(3)] == ["billed"] * 3
        wait_until(lambda: "in format" in caplog.text, "the log tells of it")
        assert not worker.has_ended
        broker.client().perform(("DEL", key))
        assert waiting.result(timeout=20) == "sent"

    assert (look(broker, waiting.id, "mail").attempts, waiting.status()) == (1, TaskState.SUCCEEDED)
    told = [record for record in caplog.records if "upgrade this program" in record.getMessage()]
    by_service = [record.getMessage().partition(":")[0] for record in told if record.levelno >= logging.WARNING]
    assert len(by_service) == len(set(by_service)), "each service tells it once"


def test_what_ran_while_the_format_changed_is_settled_once_it_is_back(app: Scheduler, broker: Broker) -> None:
    key = keys_of("mail").format

    @app.task(name="upgrade", queue="mail")
    def upgrade() -> str:
        broker.client().perform(("SET", key, FORMAT + 1))
        return "done"

    task = upgrade.enqueue()
    with RunningWorker(app):
        wait_until(lambda: broker.client().perform(("GET", key)), "the handler has run")
        broker.client().perform(("DEL", key))
        assert task.result(timeout=20) == "done"
    assert look(broker, task.id, "mail").attempts == 1
