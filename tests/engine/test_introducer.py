"""A worker says that it lives: who it is and what it serves, until it has stopped."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest

from redisched import Scheduler
from redisched.clock import SystemClock
from redisched.config import WorkerSettings
from redisched.engine.introducer import INTERVAL_S, LIVE_MS, Introducer
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.operation import Command, run
from redisched.store.presence import Deployment, PresentWorker
from redisched.store.roster import Roster
from redisched.store.scripts import FORMAT
from tests.brokers import on_each_primary
from tests.engine.running import RunningWorker
from tests.waiting import wait_until


@pytest.fixture
def shop(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(queue="mail", name="send")(print)
    app.task(queue="billing", name="charge")(print)
    return app


def present(broker: Broker) -> tuple[PresentWorker, ...]:
    return run(Roster(broker.script_runner).workers(), broker.client()).workers


def deployments(broker: Broker) -> dict[str, Deployment]:
    digests = [worker.presence.deployment for worker in present(broker)]
    return run(Roster(broker.script_runner).deployments(digests), broker.client())


@pytest.mark.differs_by_server
@pytest.mark.differs_by_routing
def test_a_worker_is_present_while_it_runs(shop: Scheduler, broker: Broker) -> None:
    with RunningWorker(shop, concurrency=3, app_version="7f3c") as worker:
        wait_until(lambda: present(broker), "the worker is present")
        (found,) = present(broker)
        (deployment,) = deployments(broker).values()

    assert (found.name, found.presence.slots, found.presence.live_ms) == (worker.name, 3, LIVE_MS)
    assert str(found.presence.pid) in worker.name
    assert (deployment.app_version, deployment.format) == ("7f3c", FORMAT)
    assert (deployment.queues, deployment.handlers) == (("mail", "billing"), ("charge", "send"))
    assert present(broker) == ()


class NotingClient:
    """Notes which commands are sent."""

    def __init__(self, client: AsyncBrokerClient) -> None:
        self._client = client
        self.sent: list[Command] = []

    def perform(self, command: Command) -> Awaitable[Any]:
        self.sent.append(command)
        return self._client.perform(command)

    def perform_all(self, commands: Iterable[Command]) -> Awaitable[list[Any]]:
        return self._client.perform_all(commands)


class Process:
    """A worker process that does nothing but introduce itself."""

    def __init__(self, app: Scheduler, name: str, **settings: Any) -> None:
        context = WorkerContext(
            worker=name,
            settings=app.settings,
            worker_settings=WorkerSettings(**settings),
            registry=app.registry,
            stores={},
            window=Window(20.0, 100.0),
            started=NoStartedTable(),
            clock=SystemClock(),
            random=lambda: 0.0,
        )
        self.client = NotingClient(app.broker.async_client())
        self.introducer = Introducer(context, self.client, Roster(app.broker.script_runner))

    def bytes_sent(self) -> int:
        """How long the longest command was."""
        return max(sum(len(str(part)) for part in command) for command in self.client.sent)


def in_loop(broker: Broker, body: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await body()
        await broker.close_async()

    asyncio.run(whole())


def test_an_introduction_is_one_call_and_names_are_sent_once(shop: Scheduler, broker: Broker) -> None:
    async def body() -> None:
        process = Process(shop, "a")
        await process.introducer.step()
        first = process.bytes_sent()
        process.client.sent.clear()

        assert await process.introducer.step() == INTERVAL_S

        assert len(process.client.sent) == 1
        assert process.bytes_sent() < first

    in_loop(broker, body)


def test_a_worker_without_tasks_learns_the_time_of_the_server(shop: Scheduler, broker: Broker) -> None:
    async def body() -> None:
        context = Process(shop, "a")
        clock = context.introducer._context.server_clock
        before_ms = time.time() * 1e3
        await context.introducer.step()
        assert before_ms - 1 <= clock.now_ms(time.monotonic()) <= time.time() * 1e3

    in_loop(broker, body)


def test_names_that_redis_has_lost_are_sent_again(shop: Scheduler, broker: Broker) -> None:
    async def body() -> None:
        process = Process(shop, "a")
        await process.introducer.step()
        on_each_primary(broker, "FLUSHALL")

        await process.introducer.step()

        assert await process.introducer.deployments() == [process.introducer.deployment()]

    in_loop(broker, body)


def test_each_knows_the_deployments_of_the_others(shop: Scheduler, broker: Broker) -> None:
    async def body() -> None:
        old, also_old = Process(shop, "a"), Process(shop, "b")
        new = Process(shop, "c", app_version="2")
        for process in (old, also_old, new):
            await process.introducer.step()

        assert {one.app_version for one in await new.introducer.deployments()} == {"", "2"}
        new.client.sent.clear()
        assert len(await new.introducer.deployments()) == 2
        assert not new.client.sent, "what was read once is not read again"
        await new.introducer.depart()
        assert {worker.name for worker in present(broker)} == {"a", "b"}

    in_loop(broker, body)


def test_a_handler_that_is_registered_later_is_told_of(shop: Scheduler, broker: Broker) -> None:
    async def body() -> None:
        process = Process(shop, "a")
        await process.introducer.step()
        shop.task(queue="mail", name="track")(print)

        await process.introducer.step()

        assert any("track" in one.handlers for one in await process.introducer.deployments())

    in_loop(broker, body)


def test_a_later_format_is_said_once_and_stops_no_worker(
    shop: Scheduler, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.client().perform(("SET", broker.script_runner.fleet_keys.format, FORMAT + 1))

    async def body() -> None:
        with caplog.at_level(logging.WARNING):
            assert await Process(shop, "a").introducer.step() > 10 * INTERVAL_S

    in_loop(broker, body)
    assert "does not say that it lives: " in caplog.text
