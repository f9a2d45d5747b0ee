"""A worker that is measured: what a scrape finds while it works, and that its port is free for its successor."""

import asyncio
import contextlib
import logging
import socket
import threading
import urllib.error
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pytest

from redisched import Scheduler
from redisched.config import WorkerSettings
from redisched.engine import worker_metrics
from redisched.engine.worker import Worker
from redisched.engine.worker_metrics import WorkerMetrics
from redisched.store.broker import Broker
from tests.metrics.scraped import Scrape, fetch
from tests.waiting import wait_until


class Measured:
    """A worker in a thread of its own, which stops at the end of the block. With port 0 it takes a free one."""

    def __init__(self, app: Scheduler, port: int = 0) -> None:
        self._app = app
        self._made = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()))
        self.metrics = WorkerMetrics("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._made.wait(20)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._worker.stop)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def drain(self) -> None:
        """Tell it to drain."""
        self._loop.call_soon_threadsafe(self._worker.drain)

    def port(self) -> int:
        """The port, once it is served."""
        wait_until(lambda: self.metrics.url, "metrics are served")
        assert self.metrics.url is not None
        return urlsplit(self.metrics.url).port or 0

    async def _work(self) -> None:
        settings = WorkerSettings(concurrency=2, window_ms=100)
        self._worker = Worker(self._app, settings, runtime=self.metrics.runtime())
        self._loop = asyncio.get_running_loop()
        self._made.set()
        await self._worker.run()
        self.metrics.drains()


def scraped(port: int) -> Scrape | None:
    """What is served on a port; None if nothing is."""
    try:
        return fetch(f"http://127.0.0.1:{port}/metrics")
    except (urllib.error.URLError, ConnectionError):
        return None


def is_told(port: int, name: str, number: float, **labels: str) -> bool:
    """Whether a metric is this number now."""
    found = scraped(port)
    if found is None or name not in found.names:
        return False
    return found.number(name, **labels) == number


BUSY = "redisched_worker_busy_slots"


def test_a_scrape_finds_what_the_worker_does_and_did(broker: Broker) -> None:
    app, going_on = Scheduler(broker=broker), threading.Event()
    app.task(name="adds")(lambda: None)
    app.task(name="waits", max_attempts=1)(lambda: going_on.wait(30))
    for _ in range(5):
        app.enqueue("adds")
    with Measured(app) as worker:
        port = worker.port()
        wait_until(
            lambda: is_told(port, "redisched_tasks_ended_total", 5, handler="adds", end="succeeded"), "five have ended"
        )
        for _ in range(2):
            app.enqueue("waits")
        wait_until(
            lambda: is_told(port, BUSY, 2) and is_told(port, "redisched_worker_leased_tasks", 2), "both slots are busy"
        )
        wait_until(
            lambda: (now := scraped(port)) is not None and ("renew",) in now.numbers("redisched_script_seconds_count"),
            "the lease renewer is measured, too",
        )
        told = scraped(port)
        assert told is not None
        assert told.number("redisched_worker_slots") == 2
        assert told.number("redisched_worker_state", state="working") == 1
        assert told.number("redisched_task_run_seconds_count", handler="adds") == 5
        for script in ("claim", "ack"):
            assert told.number("redisched_script_seconds_count", script=script) >= 1
        going_on.set()
    wait_until(lambda: scraped(port) is None, "the port is free")


def test_a_handler_that_blocks_the_event_loop_does_not_stop_scrapes(broker: Broker) -> None:
    app, begun, going_on = Scheduler(broker=broker), threading.Event(), threading.Event()

    @app.task(name="blocks")
    async def blocks() -> None:
        begun.set()
        going_on.wait(30)

    with Measured(app) as worker:
        port = worker.port()
        app.enqueue("blocks")
        assert begun.wait(20)
        wait_until(lambda: is_told(port, BUSY, 1), "it is told that it runs")
        going_on.set()


def test_a_worker_that_drains_leaves_its_port_to_its_successor(broker: Broker) -> None:
    app, going_on = Scheduler(broker=broker), threading.Event()
    app.task(name="waits")(lambda: going_on.wait(30))

    with Measured(app) as old:
        port = old.port()
        app.enqueue("waits")
        wait_until(lambda: is_told(port, BUSY, 1), "the first one runs it")
        with Measured(app, port):
            assert is_told(port, BUSY, 1)
            old.drain()
            wait_until(lambda: is_told(port, BUSY, 0), "the second one has the port")
            going_on.set()


def test_a_port_that_stays_taken_is_told_and_stops_no_work(
    broker: Broker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_metrics, "TRIES", 2)
    app = Scheduler(broker=broker)
    app.task(name="adds")(lambda: 1)
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.WARNING):
        port = int(taken.getsockname()[1])
        with Measured(app, port):
            assert app.enqueue("adds").result(timeout=20) == 1
            wait_until(lambda: "metrics are not served: " in caplog.text, "it is told")
    assert caplog.text.count("metrics are not served") == 1
