"""How an executor stops: after the running handlers have ended, or without waiting for them."""

import asyncio
import threading

import pytest

from redisched import Scheduler
from redisched.engine.completion import Settlement
from redisched.errors import CancelRequested, HandlerTimedOut, Interruption, LeaseLost
from redisched.store.values import Ack, FailedAttempt
from tests.engine.executor_bench import Bench, on_bench
from tests.waiting import wait_until


@pytest.fixture
def app() -> Scheduler:
    app = Scheduler()
    app.task(name="add")(lambda a, b: a + b)
    return app


def test_drain_waits_for_running_handlers(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        release = asyncio.Event()
        app.task(name="wait")(release.wait)
        bench.give("wait")
        await bench.turn()
        draining = asyncio.ensure_future(bench.executor.drain())
        await bench.turn()
        assert not draining.done()
        release.set()
        await asyncio.wait_for(draining, 10)
        await bench.executor.drain()

    on_bench(app, use)


def test_a_stop_releases_the_task_of_a_handler_that_ends_slowly(app: Scheduler) -> None:
    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(10):
                await asyncio.sleep(0)

    async def use(bench: Bench) -> None:
        app.task(name="tidy")(tidy)
        bench.give("tidy")
        await bench.turn()
        await asyncio.wait_for(bench.executor.stop(), 10)
        assert await bench.settlements(1) == {"Release"}

    on_bench(app, use)


def test_a_stop_ends_even_if_a_thread_is_stuck(app: Scheduler) -> None:
    release = threading.Event()

    async def use(bench: Bench) -> None:
        app.task(name="stuck")(release.wait)
        bench.give("stuck")
        await bench.turn()
        await asyncio.wait_for(bench.executor.stop(), 10)
        assert await bench.settlements(1) == {"Release"}

    try:
        on_bench(app, use)
    finally:
        release.set()


@pytest.mark.parametrize(
    ("kind", "settlement"), [(HandlerTimedOut, FailedAttempt), (CancelRequested, Ack), (LeaseLost, type(None))]
)
def test_a_stuck_handler_is_settled_by_its_interruption(
    app: Scheduler, kind: type[Interruption], settlement: type[Settlement]
) -> None:
    release = threading.Event()

    async def use(bench: Bench) -> None:
        app.task(name="stuck")(release.wait)
        task = bench.give("stuck")
        await bench.turn()
        bench.executor.interrupt(task, kind)
        await asyncio.wait_for(bench.executor.stop(), 10)
        assert isinstance((await bench.completion()).settlement, settlement)

    try:
        on_bench(app, use)
    finally:
        release.set()


def test_drain_does_not_wait_for_abandoned_handlers(app: Scheduler) -> None:
    release, neighbour = threading.Event(), asyncio.Event()

    async def use(bench: Bench) -> None:
        app.task(name="stuck")(release.wait)
        app.task(name="wait")(neighbour.wait)
        stuck = bench.give("stuck", id="stuck")
        bench.give("wait", id="neighbour")
        await bench.turn()
        draining = asyncio.ensure_future(bench.executor.drain())
        bench.executor.abandon([stuck])
        await bench.turn()
        assert not draining.done()
        neighbour.set()
        await asyncio.wait_for(draining, 10)
        assert bench.executor.running() == [stuck]

    try:
        on_bench(app, use)
    finally:
        release.set()


def test_a_handler_that_ended_in_its_thread_is_not_running_even_if_the_event_loop_is_blocked(app: Scheduler) -> None:
    release = threading.Event()

    async def use(bench: Bench) -> None:
        app.task(name="wait")(release.wait)
        task = bench.give("wait")
        await bench.turn()
        assert bench.executor.running() == [task]
        release.set()
        wait_until(
            lambda: bench.executor.running() == [],
            "the handler has ended without the event loop, which is blocked here",
        )
        assert await bench.settlements(1) == {"Ack"}

    on_bench(app, use)


def test_a_stop_ends_even_if_a_handler_refuses_to_end(app: Scheduler) -> None:
    refusing = True

    async def refuse() -> None:
        while refusing:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    async def use(bench: Bench) -> None:
        nonlocal refusing
        app.task(name="refuse")(refuse)
        bench.give("refuse")
        await bench.turn()
        try:
            await asyncio.wait_for(asyncio.shield(bench.executor.stop()), 10)
        finally:
            refusing = False

    on_bench(app, use)
