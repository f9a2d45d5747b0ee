"""Calls a method or its async variant, so that each test about producing covers both."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from redisched.client.scheduler import Scheduler

T = TypeVar("T")


class Manner(StrEnum):
    """How an application calls."""

    BLOCKING = "blocking"
    ASYNC = "async"


class Caller:
    """Calls public methods in one manner: `call(handler.enqueue, 42)` may mean `await handler.enqueue_async(42)`."""

    def __init__(self, app: Scheduler, manner: Manner) -> None:
        self._app = app
        self._manner = manner

    def __call__(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        if self._manner is Manner.BLOCKING:
            return method(*args, **kwargs)
        return asyncio.run(self._await(method, args, kwargs))

    async def _await(self, method: Callable[..., T], args: Any, kwargs: Any) -> T:
        twin = getattr(getattr(method, "__self__"), f"{method.__name__}_async")  # noqa: B009 - any method has one
        try:
            answer: T = await twin(*args, **kwargs)
            return answer
        finally:
            await self._app.close_async()
