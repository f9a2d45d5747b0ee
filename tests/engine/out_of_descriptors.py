"""Programs whose process may open few files, and runs out of them for a while: `python -m` this, with a name and a URL.

Each prints the errors of its calls.
"""

import asyncio
import contextlib
import os
import resource
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from redisched import Handler, Scheduler
from redisched.config import Settings, WorkerSettings
from redisched.engine.worker import Worker
from tests.engine.running import SOON

LIMIT = 128

app = Scheduler(settings=Settings(timeout_s=1.0))


@app.task(name="add")
def add(one: int, other: int) -> int:
    return one + other


@app.task(name="add_async")
async def add_async(one: int, other: int) -> int:
    return one + other


@app.task(name="add_apart", isolation="process", max_attempts=1)
def add_apart(one: int, other: int) -> int:
    return one + other


@contextlib.contextmanager
def without_descriptors() -> Iterator[None]:
    """While this runs, nothing can be opened."""
    taken = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)


def say(call: Callable[[], object]) -> None:
    """Print the error that a call raises."""
    with without_descriptors():
        try:
            said = str(call())
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
    sys.stdout.write(f"{said}\n")


def produce() -> None:
    """Blocking calls: first without an open connection, then with one."""
    say(lambda: add.enqueue(1, 2))
    sys.stdout.write(f"{add.enqueue(1, 2).status()}\n")
    say(lambda: app.enqueue_many([add.request(1, 2)])[0].status().value)


async def produce_async() -> None:
    """The same under asyncio."""
    said = ""
    with without_descriptors():
        try:
            await add.enqueue_async(1, 2)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
    sys.stdout.write(f"{said}\n{await (await add.enqueue_async(1, 2)).status_async()}\n")
    with without_descriptors():
        many = await app.enqueue_many_async([add.request(1, 2)])
        state = await many[0].status_async()
    sys.stdout.write(f"{state}\n")


async def work() -> None:
    """A worker that can open nothing from its start on, and later once more, under load."""
    settings = WorkerSettings(concurrency=2, lease_s=1.0, reconnect_backoff=SOON)
    worker = Worker(app, settings, target="tests.engine.out_of_descriptors:app")
    with without_descriptors():
        working = asyncio.create_task(worker.run())
        await passing(0.5)
    await are_done(add, add_async)
    with without_descriptors():
        refs = [await handler.enqueue_async(3, 4) for handler in (add_async, add_apart)]
        await passing(1.5)
        await done(refs[0].result_async)
    await done(refs[1].result_async)
    await are_done(add, add_async, add_apart)
    worker.stop()
    await working


async def passing(seconds: float) -> None:
    """Let time pass."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


async def are_done(*handlers: Handler[Any, Any]) -> None:
    for handler in handlers:
        await done((await handler.enqueue_async(1, 2)).result_async)


async def done(result: Callable[[float], Awaitable[object]]) -> None:
    sys.stdout.write(f"{await result(20.0)}\n")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
    match sys.argv[1]:
        case "produce":
            produce()
        case "produce_async":
            asyncio.run(produce_async())
        case "work":
            asyncio.run(work())


if __name__ == "__main__":
    main()
