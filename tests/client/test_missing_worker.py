"""A program that waits for a task without a worker gets a warning that says what is missing, and continues to wait."""

import asyncio
import logging
import threading

import pytest

from redisched import Scheduler
from redisched.errors import ResultTimeout
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.serving import is_served
from tests.engine.running import RunningWorker
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.client.waiting.LOOK_FOR_WORKER_S", 0.05)


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="send", queue="mail")(lambda: "sent")
    return app


@pytest.mark.parametrize("shards", [1, 3])
def test_the_missing_worker_is_reported_once_and_in_the_error(
    app: Scheduler, caplog: pytest.LogCaptureFixture, shards: int
) -> None:
    app.grow("mail", shards)
    task = app.enqueue("send", queue="mail")
    with pytest.raises(ResultTimeout, match="as no worker serves queue mail yet") as timeout:
        task.result(timeout=0.3)
    assert timeout.value.missing == "no worker serves queue mail yet"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("redisched", logging.WARNING)
    assert task.id in record.getMessage()


def test_the_missing_worker_is_reported_under_asyncio(app: Scheduler) -> None:
    async def wait() -> None:
        task = await app.enqueue_async("send", queue="mail")
        with pytest.raises(ResultTimeout, match="no worker serves queue mail"):
            await task.result_async(timeout=0.3)
        await app.close_async()

    asyncio.run(wait())


def test_after_the_report_result_still_waits_and_returns(app: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    task = app.enqueue("send", queue="mail")
    results: list[object] = []
    waiting = threading.Thread(target=lambda: results.append(task.result(timeout=30)))
    waiting.start()
    wait_until(lambda: bool(caplog.records), "the warning")
    with RunningWorker(app):
        waiting.join(30)
    assert results == ["sent"]


def test_nothing_is_reported_while_a_worker_serves_the_queue(app: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    app.task(name="hold", queue="mail")(lambda: release.wait(20))
    with RunningWorker(app, concurrency=1):
        app.enqueue("hold", queue="mail")
        script_runner, client = app.broker.script_runner, app.broker.client()
        wait_until(lambda: run(is_served(script_runner, "mail"), client), "the worker to hold the queue's post")
        behind = app.enqueue("send", queue="mail")
        with pytest.raises(ResultTimeout) as timeout:
            behind.result(timeout=0.3)
        release.set()
    assert timeout.value.missing == ""
    assert [record for record in caplog.records if record.name == "redisched"] == []
