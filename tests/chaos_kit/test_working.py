"""`work_off` and `work_off_async` run handlers within a test."""

import asyncio
import os

import pytest

from redisched import Scheduler
from redisched.chaos import work_off, work_off_async
from redisched.chaos.working import EventLoopRunning
from redisched.store.broker import Broker


def test_work_off_runs_isolated_handlers_in_the_process_of_the_test(direct: Broker) -> None:
    app = Scheduler(broker=direct)

    @app.task(isolation="process")
    def where() -> int:
        return os.getpid()

    @app.task(isolation="process")
    async def where_async() -> int:
        return os.getpid()

    tasks = [where.enqueue(), where_async.enqueue()]
    work_off(app)

    assert [task.result(timeout=1) for task in tasks] == [os.getpid()] * 2


def test_the_error_of_work_off_in_an_event_loop_names_the_call_to_use_instead(direct: Broker) -> None:
    app = Scheduler(broker=direct)

    @app.task
    async def double(number: int) -> int:
        return 2 * number

    async def within_an_event_loop() -> None:
        task = await double.enqueue_async(21)
        with pytest.raises(EventLoopRunning, match=r"await work_off_async\(app\)"):
            work_off(app)
        await work_off_async(app)
        assert await task.result_async(timeout=1) == 42
        await app.close_async()

    asyncio.run(within_an_event_loop())
