"""asyncio Tasks of the worker itself, which handlers that share its event loop cannot cancel.

Some programs end with `for task in asyncio.all_tasks(): task.cancel()`. A handler that does so would end the services
of its worker, and leave the other handlers without them.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from redisched.context import running

T = TypeVar("T")


class OwnTask(asyncio.Task[T]):
    """Ignores a cancellation that comes out of a handler."""

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel this Task, unless a handler asks for it. Answers whether it is cancelled."""
        return running.get() is None and super().cancel(msg)


def own_task(coroutine: Coroutine[Any, Any, T]) -> OwnTask[T]:
    """Run a coroutine of the worker in a Task of its own."""
    return OwnTask(coroutine, loop=asyncio.get_running_loop())
