"""Blocks of `app.claim`, blocking or under asyncio, so that each test about pulling covers both."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from redisched import Scheduler, TaskLease
from tests.client.callers import Manner

T = TypeVar("T")


class Pull:
    """Claims in one manner, and calls methods of leases in the same: `pull(lease.ack)` may be `lease.ack_async()`."""

    def __init__(self, app: Scheduler, manner: Manner) -> None:
        self._app = app
        self._manner = manner
        self._runner: asyncio.Runner | None = None

    @contextmanager
    def claim(self, queue: str = "mail", **options: Any) -> Iterator[tuple[TaskLease, ...]]:
        """A block of `app.claim`, or of its twin."""
        if self._manner is Manner.BLOCKING:
            with self._app.claim(queue, **options) as leases:
                yield leases
            return
        with asyncio.Runner() as self._runner:
            block = self._app.claim_async(queue, **options)
            try:
                leases = self._runner.run(block.__aenter__())
                try:
                    yield leases
                finally:
                    self._runner.run(block.__aexit__(None, None, None))
            finally:
                self._runner.run(self._app.close_async())

    def __call__(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        if self._manner is Manner.BLOCKING:
            return method(*args, **kwargs)
        assert self._runner is not None
        twin = getattr(getattr(method, "__self__"), f"{method.__name__}_async")  # noqa: B009 - any method has one
        answer: T = self._runner.run(twin(*args, **kwargs))
        return answer
