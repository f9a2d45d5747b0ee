"""An event loop that a handler has stopped runs no other handler."""

import asyncio
from typing import Any

import pytest

from redisched import Scheduler, testing
from redisched.errors import TaskFailed


async def leave() -> None:
    raise SystemExit(3)


async def in_a_task() -> None:
    await asyncio.create_task(leave())


async def in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(leave())


async def in_a_callback() -> None:
    def end() -> None:
        raise SystemExit(3)

    asyncio.get_running_loop().call_soon(end)
    await asyncio.Event().wait()


@pytest.mark.parametrize("leaving", [leave, in_a_task, in_a_group, in_a_callback])
def test_one_that_leaves_the_program_harms_no_other(leaving: Any) -> None:
    app = Scheduler()
    handler = app.task(name="leaving", max_attempts=1)(leaving)

    @app.task(name="other", max_attempts=1)
    async def other() -> int:
        await asyncio.sleep(0)
        return 5

    with testing.worker(app):
        with pytest.raises(TaskFailed, match="SystemExit: 3"):
            handler.enqueue().result()
        assert other.enqueue().result() == 5
