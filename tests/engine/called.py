"""A call in a thread; its end can be awaited."""

import asyncio
from collections.abc import Callable
from typing import Any

from redisched.engine.threads import Call, Threads


class Called:
    """Begins the call; `future` gets its result or its error."""

    def __init__(self, threads: Threads, function: Callable[[], Any]) -> None:
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.interrupt = threads.call(function, self.settle).interrupt

    def settle(self, call: Call) -> None:
        settle(self.future, call)


def settle(future: asyncio.Future[Any], call: Call) -> None:
    """Give a future the result or the error of a call, unless the future is done already."""
    if future.done():
        return
    if call.error is None:
        future.set_result(call.result)
    else:
        future.set_exception(call.error)
