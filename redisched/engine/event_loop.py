"""Runs the event loop of a process in which code of users runs, which must not be able to end the loop.

asyncio lets SystemExit and KeyboardInterrupt out of the loop if a Task or a callback raises them. A handler that awaits
`asyncio.create_task(main())`, where `main` calls `sys.exit()`, would end the whole worker with all of its other
handlers. Here the Task that awaits gets the error, as it gets any other.
"""

import asyncio
import logging
from typing import TypeVar

from redisched.engine.logs import log

T = TypeVar("T")


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
