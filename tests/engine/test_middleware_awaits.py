"""Async middleware that forgets an await: the handler runs all the same, or the attempt fails and says why."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched import Scheduler, TaskContext
from redisched.errors import TaskFailed
from redisched.store.broker import Broker
from tests.engine.running import work_off

Next = Callable[[], Any]


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


@pytest.mark.parametrize("is_async", [False, True])
def test_what_call_next_answers_is_awaited_or_the_attempt_fails(app: Scheduler, *, is_async: bool) -> None:
    ran: list[bool] = []

    def handle() -> int:
        ran.append(is_async)
        return 5

    async def handle_async() -> int:
        return handle()

    handler = app.task(name="handle", max_attempts=1)(handle_async if is_async else handle)

    @app.middleware
    async def returning(_ctx: TaskContext, call_next: Next) -> Any:
        return call_next()

    result = handler.enqueue()
    work_off(app)
    assert (result.result(timeout=0), ran) == (5, [is_async])

    @app.middleware
    async def forgetting(_ctx: TaskContext, call_next: Next) -> Any:
        call_next()
        return 6

    result = handler.enqueue()
    work_off(app)
    with pytest.raises(TaskFailed, match=r"NotAwaited: middleware .*forgetting called call_next and did not await"):
        result.result(timeout=0)
    assert ran == [is_async]
