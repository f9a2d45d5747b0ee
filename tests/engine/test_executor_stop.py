"""How an executor stops: after what runs has ended, or though it does not."""

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


def test_drain_waits_for_what_runs(app: Scheduler) -> None:
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


def test_a_stop_gives_back_a_handler_that_takes_its_time_to_end(app: Scheduler) -> None:
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


def test_a_stop_ends_though_a_thread_is_stuck(app: Scheduler) -> None:
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
def test_of_a_stuck_handler_becomes_what_it_was_told(
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


def test_drain_does_not_wait_for_those_that_are_abandoned(app: Scheduler) -> None:
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


def test_a_handler_that_ended_in_its_thread_runs_no_more_though_the_event_loop_is_blocked(app: Scheduler) -> None:
    release = threading.Event()

    async def use(bench: Bench) -> None:
        app.task(name="wait")(release.wait)
        task = bench.give("wait")
        await bench.turn()
        assert bench.executor.running() == [task]
        release.set()
        wait_until(lambda: bench.executor.running() == [], "the event loop, which waits here, need not be asked")
        assert await bench.settlements(1) == {"Ack"}

    on_bench(app, use)


def test_a_stop_ends_though_a_handler_refuses_to(app: Scheduler) -> None:
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
