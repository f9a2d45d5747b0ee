"""A program that waits for a task without a worker gets a warning that says what is missing, and continues to wait."""

import asyncio
import logging
import threading
from collections import Counter
from typing import Any

import pytest

from redisched import Scheduler
from redisched.client.missing_workers import MissingWorkers
from redisched.errors import ResultTimeout
from redisched.store.broker import Broker
from redisched.store.operation import Operation, ScriptRunner, run
from redisched.store.serving import is_served
from redisched.store.watching import watch
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


def test_many_callers_ask_once_and_log_once(
    app: Scheduler, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    callers: set[str] = set()
    sentence = MissingWorkers.sentence

    def asking(script_runner: ScriptRunner, queue: str) -> Operation[bool]:
        asked.append(queue)
        return is_served(script_runner, queue)

    def noting(missing: MissingWorkers, *args: Any) -> Operation[str]:
        callers.add(args[3])
        return sentence(missing, *args)

    monkeypatch.setattr("redisched.client.missing_workers.is_served", asking)
    monkeypatch.setattr("redisched.client.missing_workers.MISSING_FOR_S", 60.0)
    monkeypatch.setattr(MissingWorkers, "sentence", noting)

    async def wait() -> None:
        refs = [await app.enqueue_async("send", queue=queue) for queue in ("mail", "post") for _ in range(100)]
        waiting = [asyncio.ensure_future(ref.result_async()) for ref in refs]
        await asyncio.to_thread(wait_until, lambda: len(callers) == 200 and len(caplog.records) == 2, "all to ask")
        for caller in waiting:
            caller.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await app.close_async()

    asyncio.run(wait())
    assert sorted(asked) == ["mail", "post"]
    assert len(caplog.records) == 2


def test_a_queue_is_asked_about_and_logged_now_and_then(
    app: Scheduler, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, True, False, False])

    def answer(_script_runner: ScriptRunner, _queue: str) -> Operation[bool]:
        yield from ()
        return next(answers)

    monkeypatch.setattr("redisched.client.missing_workers.is_served", answer)
    missing, connection, said = MissingWorkers(), app._connection, []
    for now_s in (0.0, 0.9, 1.0, 2.0, 11.9, 12.0, 61.0):
        policy = connection.retry_policy()
        sentence = run(missing.sentence(connection.script_runner, policy, "mail", "a", now_s), app.broker.client())
        said.append((bool(sentence), len(caplog.records)))

    assert said == [(True, 1), (True, 1), (True, 1), (False, 1), (False, 1), (True, 1), (True, 2)]
    assert next(answers, None) is None


def test_callers_whose_worker_is_there_are_not_looked_for_again(
    app: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question for all of them, and no other look at the tasks of any."""
    looks: Counter[str] = Counter()
    release = threading.Event()
    app.task(name="hold", queue="mail")(lambda: release.wait(20))

    def watching(script_runner: ScriptRunner, queue: str, shard: int, channel: str, ids: list[str]) -> Operation[Any]:
        looks["task"] += len(ids)
        return watch(script_runner, queue, shard, channel, ids)

    def asking(script_runner: ScriptRunner, queue: str) -> Operation[bool]:
        looks["queue"] += 1
        return is_served(script_runner, queue)

    async def wait() -> list[object]:
        listener = await app._connection.end_listener_async()
        await asyncio.to_thread(wait_until, lambda: listener.is_trusted, "the listener to subscribe")
        listener._heard(b"any")
        monkeypatch.setattr("redisched.client.waiting.watch", watching)
        monkeypatch.setattr("redisched.client.missing_workers.is_served", asking)
        refs = [await app.enqueue_async("hold", queue="mail") for _ in range(50)]
        callers = [asyncio.ensure_future(ref.result_async(timeout=30)) for ref in refs]
        await asyncio.to_thread(wait_until, lambda: looks["queue"] == 1, "the callers to ask for a worker")
        looked = looks["task"]
        release.set()
        results = await asyncio.gather(*callers)
        await app.close_async()
        assert (looked, looks["queue"]) == (50, 1)
        return results

    with RunningWorker(app, concurrency=4):
        assert asyncio.run(wait()) == [True] * 50
