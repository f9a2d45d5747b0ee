"""What is open in a process, and how it is closed: a sync context manager in a thread, an async one in its own Task."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextvars import Context, copy_context
from functools import partial
from types import TracebackType
from typing import Any, Protocol

from redisched.engine.forks import FORK_BORDER
from redisched.engine.own_task import OwnTask
from redisched.errors import Interruption


class OpeningInterrupted(Interruption):
    """Raised in a lifespan that blocks the event loop while it opens, when its process is told to stop."""


class Held(Protocol):
    """Something that is open, until it is closed."""

    @property
    def label(self) -> str: ...

    async def close(self) -> None: ...


class HeldHere:
    """A sync context manager that is opened and closed in the thread of the event loop."""

    def __init__(self, label: str, manager: AbstractContextManager[Any], context: Context) -> None:
        self.label = label
        self._manager = manager
        self._context = context

    def open(self) -> Any:
        """Open it; answers its value."""
        # A forked copy must not become a second worker.
        with FORK_BORDER:
            return self._context.run(self._manager.__enter__)

    async def close(self) -> None:
        """Close it."""
        self._context.run(self._manager.__exit__, None, None, None)


class HeldInThread(HeldHere):
    """A sync context manager that is opened in any thread, and closed in one that may wait."""

    async def close(self) -> None:
        """Close it."""
        await asyncio.to_thread(self._context.run, self._manager.__exit__, None, None, None)


class HeldInTask:
    """An async context manager that is opened and closed in one asyncio Task: many can be closed in no other one."""

    def __init__(
        self, label: str, begin: Callable[[], Awaitable[AbstractAsyncContextManager[Any]]], context: Context
    ) -> None:
        """`begin` makes the context manager. Opening begins at once."""
        self.label = label
        self.value: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        """Its value, or the error that came of opening it."""
        self._closing = asyncio.Event()
        self._task = OwnTask(self._live(begin), loop=asyncio.get_running_loop(), context=context)

    async def close(self) -> None:
        """Close it."""
        self._closing.set()
        await self._task

    async def _live(self, begin: Callable[[], Awaitable[AbstractAsyncContextManager[Any]]]) -> None:
        try:
            manager = await begin()
            value = await manager.__aenter__()
        except asyncio.CancelledError:
            self.value.cancel()
            return
        except BaseException as error:
            self.value.set_exception(error)
            return
        if not self.value.done():
            self.value.set_result(value)
            # An event loop that ends cancels its Tasks: then it is closed, too.
            with contextlib.suppress(asyncio.CancelledError):
                await self._closing.wait()
        await manager.__aexit__(None, None, None)


class OpenedInThread:
    """A sync context manager as an async one: threads open and close it, so that the event loop does not wait."""

    def __init__(self, manager: AbstractContextManager[Any]) -> None:
        self._manager = manager
        self._context = copy_context()

    async def __aenter__(self) -> Any:
        opening = asyncio.ensure_future(asyncio.to_thread(self._context.run, self._manager.__enter__))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError as error:
            # The thread goes on, and what it opens has to be closed.
            await asyncio.wait([opening])
            if not opening.cancelled() and opening.exception() is None:
                await self.__aexit__(type(error), error, error.__traceback__)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        close = partial(self._context.run, self._manager.__exit__, kind, error, at)
        closing = asyncio.ensure_future(asyncio.to_thread(close))
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait([closing])
            raise
