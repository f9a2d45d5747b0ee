"""An application with middleware whose handlers are isolated, in a module that their processes import again."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redisched import Scheduler, TaskContext, current_task
from tests.waiting import wait_until

TARGET = "tests.engine.isolation.middleware_app:app"

app = Scheduler()


def write(path: str, text: str) -> None:
    """Write a text into a file."""
    Path(path).write_text(text)


@app.middleware
async def note(ctx: TaskContext, call_next: Callable[[], Any]) -> Any:
    """Waits on the event loop, and adds what it knows to the result, or writes what was raised into a file."""
    await asyncio.sleep(0)
    ctx.values["pid"] = os.getpid()
    try:
        return [ctx.name, dict(ctx.arguments), dict(ctx.headers), await call_next()]
    except BaseException as error:
        if "path" in ctx.arguments:
            write(ctx.arguments["path"], type(error).__name__)
        raise


@app.task(name="shares", isolation="process")
def shares(_number: int) -> bool:
    """Whether it has what the middleware has kept."""
    return bool(current_task().values["pid"] == os.getpid())


@app.task(name="shares_async", isolation="process")
async def shares_async(_number: int) -> bool:
    """As `shares`."""
    return bool(current_task().values["pid"] == os.getpid())


@app.task(name="endless", isolation="process")
def endless(path: str) -> None:
    """Runs until it is interrupted."""
    del path
    wait_until(lambda: False, "the interruption")
