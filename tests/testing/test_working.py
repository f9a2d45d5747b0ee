"""Handlers run within a test."""

import os

from redisched import Scheduler
from redisched.store.broker import Broker
from redisched.testing import work_off


def test_isolated_handlers_run_where_the_test_can_see_them(direct: Broker) -> None:
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
