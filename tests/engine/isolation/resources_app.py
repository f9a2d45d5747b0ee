"""An application with resources and a lifespan whose handlers are isolated, in a module that their processes import."""

import asyncio
import multiprocessing
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

from redisched import Resource, Scheduler
from tests.waiting import wait_until

TARGET = "tests.engine.isolation.resources_app:app"

app = Scheduler()


def notes_of(worker: int) -> Path:
    """The file for what happens in the processes of a worker."""
    return Path(tempfile.gettempdir()) / f"redisched-notes-{worker}"


def note(text: str) -> None:
    """Write a line of what happens, with the process in which it does."""
    worker = multiprocessing.parent_process()
    assert worker is not None
    assert worker.pid is not None
    with notes_of(worker.pid).open("a") as notes:
        notes.write(f"{os.getpid()} {text}\n")


@app.lifespan
async def life() -> AsyncIterator[None]:
    """Is open for the life of a process."""
    note("open life")
    yield
    note("close life")


async def shared() -> AsyncIterator[asyncio.Lock]:
    """Can be used on one event loop only."""
    note("open shared")
    lock = asyncio.Lock()
    async with lock:
        yield lock
    note("close shared")


def own() -> Iterator[str]:
    """Is opened for each attempt."""
    note("open own")
    try:
        yield "own"
    except BaseException as error:
        note(type(error).__name__)
        raise
    finally:
        note("close own")


Shared = Annotated[asyncio.Lock, Resource(shared)]
Own = Annotated[str, Resource(own, per="task")]


@app.task(name="sync", isolation="process")
def sync(number: int, own: Own, shared: Shared) -> list[object]:
    """A sync handler with an async resource."""
    return [number, own, shared.locked(), os.getpid()]


@app.task(name="on_loop", isolation="process")
async def on_loop(number: int, own: Own, shared: Shared) -> list[object]:
    """Waits for what another handler of this process has left locked, which fails on another event loop."""
    try:
        async with asyncio.timeout(0.01):
            await shared.acquire()
    except TimeoutError:
        return [number, own, shared.locked(), os.getpid()]
    return []


@app.task(name="endless", isolation="process")
def endless(own: Own) -> None:
    """Runs until it is interrupted."""
    del own
    wait_until(lambda: False, "the interruption")
