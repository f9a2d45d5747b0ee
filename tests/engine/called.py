"""A call in a thread; its end can be awaited."""

import asyncio
from collections.abc import Callable
from typing import Any

from redisched.engine.threads import Call, Threads, settle_future


class Called:
    """Begins the call; `future` gets its result or its error."""

    def __init__(self, threads: Threads, function: Callable[[], Any]) -> None:
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.interrupt = threads.call(function, self.settle).interrupt

    def settle(self, call: Call) -> None:
        settle_future(self.future, call)
