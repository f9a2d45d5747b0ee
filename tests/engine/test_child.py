"""A worker process as its supervisor starts it."""

import gc
import os
import signal
from collections.abc import Iterator

import pytest

from redisched.client.scheduler import Scheduler
from redisched.config import URL_VARIABLE, Until, WorkerSettings
from redisched.engine.child import OBJECTS_BETWEEN_COLLECTIONS, tune_garbage_collection
from redisched.engine.child_spec import Exit, Ready, Work
from redisched.engine.started import StartedTable
from redisched.engine.worker_process import WorkerProcess
from tests.brokers import BrokerKind, Servers
from tests.waiting import wait_until

app = Scheduler()


@app.task
def frozen() -> tuple[int, int]:
    return gc.get_freeze_count(), gc.get_threshold()[0]


def test_garbage_collections_skip_imported_modules_and_are_rare(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.broker(BrokerKind.VALKEY).close()  # other tests may have left paths there
    url = servers.url(BrokerKind.VALKEY)
    monkeypatch.setenv(URL_VARIABLE, url)
    producer = Scheduler(url)
    task = producer.enqueue(frozen.name)
    table = StartedTable.make(16)
    process = WorkerProcess(Work(target=f"{__name__}:app", settings=WorkerSettings(until=Until.EMPTY)), table)
    wait_until(lambda: process.exit_code() is not None, "the process ends", timeout_s=60)

    assert process.exit_code() == Exit.STOPPED
    assert table.clean_exit() == Exit.STOPPED
    (ready,) = process.messages()
    assert isinstance(ready, Ready)
    assert (ready.queues, ready.settings.url) == (("default",), url)
    count, threshold = task.result(timeout=10)
    assert count > 10_000
    assert threshold == OBJECTS_BETWEEN_COLLECTIONS
    process.close()
    table.close()
    producer.close()


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_a_threshold_that_the_application_has_set_stays(thresholds: None) -> None:
    gc.set_threshold(12_345, 6, 7)

    tune_garbage_collection()

    assert gc.get_threshold() == (12_345, 6, 7)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2], ids=lambda one: one.name
)
def test_a_signal_to_all_processes_does_not_end_one_that_comes_up(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    servers.broker(BrokerKind.VALKEY).close()
    monkeypatch.setenv(URL_VARIABLE, servers.url(BrokerKind.VALKEY))
    table = StartedTable.make(16)
    process = WorkerProcess(Work(target=f"{__name__}:app", settings=WorkerSettings(until=Until.EMPTY)), table)

    os.kill(process.process_id, number)

    wait_until(lambda: process.exit_code() is not None, "the process ends", timeout_s=60)
    assert process.exit_code() == Exit.STOPPED
    assert "KeyboardInterrupt" not in capfd.readouterr().err
    process.close()
    table.close()
