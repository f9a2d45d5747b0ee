"""Runs the event loop of a process in which code of users runs, which must not be able to end the loop.

asyncio lets SystemExit and KeyboardInterrupt out of the loop if a Task or a callback raises them. A handler that awaits
`asyncio.create_task(main())`, where `main` calls `sys.exit()`, would end the whole worker with all of its other
handlers. Here the Task that awaits gets the error, as it gets any other.
"""

import asyncio
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from redisched.engine.logs import log

T = TypeVar("T")
NAME_THREADS = 16
"""So many names of hosts may be looked up at once, by handlers and by the worker."""


def run_to_its_end(task: asyncio.Task[T]) -> T:
    """Run the event loop until a Task has ended; answers what it returns, and raises what it raises. Neither an exit in
    another Task nor a call of `loop.stop()` ends it early.
    """
    loop = task.get_loop()
    while True:
        try:
            return loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt) as error:
            if task.done():
                raise
            said = "%s was raised in a Task or a callback of the event loop, which goes on"
            log.log(logging.ERROR, said, type(error).__name__, exc_info=error)
        except RuntimeError:
            if task.done():
                raise
            log.error("something has stopped the event loop; it goes on")


def resolve_names_apart(loop: asyncio.AbstractEventLoop) -> None:
    """Look up the names of hosts in threads of their own. asyncio does so in those of `asyncio.to_thread`, and handlers
    that keep all of these busy would keep the worker from connecting to Redis again.
    """
    if not isinstance(loop, asyncio.BaseEventLoop):
        return  # such as uvloop's, which has threads of its own for this
    threads = ThreadPoolExecutor(NAME_THREADS, "redisched-names")

    async def getaddrinfo(
        host: bytes | str | None, port: bytes | str | int | None, **hints: int
    ) -> list[tuple[Any, ...]]:
        return await loop.run_in_executor(threads, partial(socket.getaddrinfo, host, port, **hints))

    loop.getaddrinfo = getaddrinfo  # type: ignore[method-assign]
