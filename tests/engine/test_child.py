"""A worker process as its supervisor starts it."""

import gc

import pytest

from redisched.client.scheduler import Scheduler
from redisched.config import URL_VARIABLE, Until, WorkerSettings
from redisched.engine.child_spec import Exit, Ready, Work
from redisched.engine.started import StartedTable
from redisched.engine.worker_process import WorkerProcess
from tests.brokers import BrokerKind, Servers
from tests.waiting import wait_until

app = Scheduler()


@app.task
def frozen() -> int:
    return gc.get_freeze_count()


def test_garbage_collections_skip_imported_modules(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
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
    count = task.result(timeout=10)
    assert isinstance(count, int)
    assert count > 10_000
    process.close()
    table.close()
    producer.close()
