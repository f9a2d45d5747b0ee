"""The application that is measured: handlers that do nothing, or nothing but tell that they started.

Producer and worker processes each make their own, under the same names.
"""

from collections.abc import Callable

from redisched.client.scheduler import Scheduler


def _nobody_listens(_index: int) -> None:
    pass


class Jobs:
    """An application with one queue. `tell_start` is called first thing by `rec`, in the worker."""

    def __init__(self, url: str, queue: str, tell_start: Callable[[int], None] = _nobody_listens) -> None:
        self.app = Scheduler(url)
        self.queue = queue

        @self.app.task(name="noop", queue=queue)
        async def noop(_index: int) -> None:
            pass

        @self.app.task(name="noop_sync", queue=queue)
        def noop_sync(_index: int) -> None:
            pass

        @self.app.task(name="rec", queue=queue)
        async def rec(index: int) -> None:
            tell_start(index)

        self.noop = noop
        self.noop_sync = noop_sync
        self.rec = rec
