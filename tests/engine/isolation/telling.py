"""Isolated handlers that tell how far they have come, in a module that their processes import again."""

import threading
from pathlib import Path

from redisched import Scheduler, current_task
from redisched.errors import HandlerTimedOut
from tests.waiting import wait_until

TARGET = "tests.engine.isolation.telling:app"

app = Scheduler()


@app.task(name="tell", isolation="process")
def tell(count: int) -> None:
    """Tells how far it has come, again and again."""
    for done in range(1, count + 1):
        current_task().progress(done, count, "in a process")
        current_task().log(f"line {done}")


@app.task(name="tell_async", isolation="process")
async def tell_async(count: int) -> None:
    tell(count)


@app.task(name="tell_when_told", isolation="process")
def tell_when_told() -> None:
    """Waits for ever, and tells something when its time is over."""
    try:
        threading.Event().wait()
    except HandlerTimedOut:
        current_task().log("out of time")
        raise


@app.task(name="tell_and_wait", isolation="process")
def tell_and_wait(end: str) -> None:
    """Tells something, and goes on until there is a file."""
    current_task().progress(1, 2)
    wait_until(Path(end).exists, "the handler may end")
