"""A worker process as its supervisor starts it."""

import gc
import logging
import multiprocessing
from pathlib import Path

import pytest

from redisched.client.scheduler import Scheduler
from redisched.config import URL_VARIABLE, Until, WorkerSettings
from redisched.engine.child import ChildSpec, Exit, run_child
from tests.brokers import BrokerKind, Servers

app = Scheduler()


@app.task
def frozen() -> int:
    return gc.get_freeze_count()


def test_collections_of_garbage_pass_over_what_was_imported(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = servers.url(BrokerKind.VALKEY)
    monkeypatch.setenv(URL_VARIABLE, url)
    producer = Scheduler(url)
    task = producer.enqueue(frozen.name)
    spec = ChildSpec(
        target=f"{__name__}:app",
        settings=WorkerSettings(until=Until.EMPTY),
        worker="worker",
        table=tmp_path / "started",
        log_level=logging.WARNING,
    )
    process = multiprocessing.get_context("spawn").Process(target=run_child, args=(spec,))
    process.start()
    process.join(60)

    assert process.exitcode == Exit.STOPPED
    count = task.result(timeout=10)
    assert isinstance(count, int)
    assert count > 10_000
    producer.close()
