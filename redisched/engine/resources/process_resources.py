"""The resources of one process: each is opened at its first use, once, and closed when the process ends."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from contextvars import copy_context
from functools import partial
from typing import Any

from redisched.codec import describe
from redisched.engine.logs import log
from redisched.engine.own_task import own_task
from redisched.engine.resources.held import Held, HeldHere, HeldInTask, HeldInThread, OpenedInThread, OpeningInterrupted
from redisched.errors import LifespanFailed
from redisched.resources import Factory, Need, Opening

CLOSE_S = 5.0
"""When a process ends, closing one resource may take so long."""


class ProcessResources:
    """Opens resources for handlers, and lifespans. What is for one attempt goes into the stack of that attempt.

    A handler in a thread gets sync resources there; everything else is opened on the event loop, and there async.
    """

    def __init__(self, given: Mapping[Factory, Any] | None = None) -> None:
        """`given` are values that are used in place of what these factories make."""
        self._given = given or {}
        self._values = dict(self._given)
        self._locks: dict[Factory, threading.Lock] = {}
        self._opening: dict[Factory, HeldInTask] = {}
        self._open: list[Held] = []
        self._context = copy_context()
        self._is_opening_here = False

    @asynccontextmanager
    async def serving(self, lifespans: Sequence[Opening]) -> AsyncIterator[None]:
        """Open lifespans, and at the end of the block close all that is open. Raises LifespanFailed."""
        try:
            await self.begin(lifespans)
            yield
        finally:
            await self.close()

    async def begin_unless(self, stopping: asyncio.Event, lifespans: Sequence[Opening]) -> bool:
        """As `begin`. Answers False if `stopping` was set before the lifespans were open."""
        if not lifespans:
            return True
        opening: asyncio.Task[Any] = own_task(self.begin(lifespans))
        waiting: asyncio.Task[Any] = own_task(stopping.wait())
        await asyncio.wait([opening, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not opening.done():
            opening.cancel()
            return False
        try:
            opening.result()
        except OpeningInterrupted:
            return False
        return True

    def interrupt_opening(self) -> None:
        """Raise OpeningInterrupted if a lifespan opens in this thread, which is that of the event loop. Only a signal
        handler can call this then: the event loop hears nothing.
        """
        if self._is_opening_here:
            raise OpeningInterrupted

    async def begin(self, lifespans: Sequence[Opening]) -> None:
        """Open lifespans, in order. Raises LifespanFailed."""
        for lifespan in lifespans:
            try:
                self._open.append(await self._begun(lifespan))
            except BaseException as error:
                if isinstance(error, OpeningInterrupted) or (
                    isinstance(error, asyncio.CancelledError) and _is_cancelled()
                ):
                    raise
                raise LifespanFailed(lifespan.label, describe(error)) from error

    async def _begun(self, lifespan: Opening) -> Held:
        if not lifespan.is_async:
            held = HeldHere(lifespan.label, lifespan.enter(), self._context.copy())
            self._is_opening_here = True
            try:
                held.open()
            finally:
                self._is_opening_here = False
            return held

        async def begin() -> AbstractAsyncContextManager[Any]:
            manager: AbstractAsyncContextManager[Any] = lifespan.enter()
            return manager

        living = HeldInTask(lifespan.label, begin, self._context.copy())
        await living.value
        return living

    async def close(self) -> None:
        """Close what is open, in reverse. What that raises is logged."""
        while self._open:
            await _close(self._open.pop())

    def enter(self, stack: ExitStack, needs: Sequence[Need], opened: dict[Factory, Any]) -> dict[str, Any]:
        """The values for one attempt, by their parameters, in the thread of the handler. `opened` are those that this
        attempt has already.
        """
        return {
            need.parameter: self.shared(need) if need.resource.per == "process" else self._own(stack, need, opened)
            for need in needs
        }

    async def enter_async(
        self, stack: AsyncExitStack, needs: Sequence[Need], opened: dict[Factory, Any]
    ) -> dict[str, Any]:
        """As `enter`, on the event loop."""
        return {
            need.parameter: await (
                self.shared_async(need) if need.resource.per == "process" else self._own_async(stack, need, opened)
            )
            for need in needs
        }

    def shared(self, need: Need) -> Any:
        """The value that all tasks of this process share."""
        make = need.resource.make
        if make not in self._values:
            with self._locks.setdefault(make, threading.Lock()):
                if make not in self._values:
                    manager = need.opening.enter(**{one.parameter: self.shared(one) for one in need.needs})
                    held = HeldInThread(need.opening.label, manager, self._context.copy())
                    self._values[make] = held.open()
                    self._open.append(held)
        return self._values[make]

    async def shared_async(self, need: Need) -> Any:
        """As `shared`, on the event loop. Who waits may be cancelled; opening goes on for the next one."""
        make = need.resource.make
        if make in self._values:
            return self._values[make]
        if not need.on_loop:
            return await asyncio.to_thread(self.shared, need)
        if make not in self._opening:
            living = HeldInTask(need.opening.label, partial(self._manager_of, need), self._context.copy())
            living.value.add_done_callback(partial(self._opened, make, living))
            self._opening[make] = living
        return await asyncio.shield(self._opening[make].value)

    async def _manager_of(self, need: Need) -> AbstractAsyncContextManager[Any]:
        manager = need.opening.enter(**{one.parameter: await self.shared_async(one) for one in need.needs})
        return manager if need.opening.is_async else OpenedInThread(manager)

    def _opened(self, make: Factory, living: HeldInTask, value: asyncio.Future[Any]) -> None:
        del self._opening[make]
        if not value.cancelled() and value.exception() is None:
            self._values[make] = value.result()
            self._open.append(living)

    def _own(self, stack: ExitStack, need: Need, opened: dict[Factory, Any]) -> Any:
        make = need.resource.make
        if make in self._given:
            return self._given[make]
        if make not in opened:
            manager = need.opening.enter(**self.enter(stack, need.needs, opened))
            opened[make] = manager.__enter__()
            stack.push(partial(_exit, manager))
        return opened[make]

    async def _own_async(self, stack: AsyncExitStack, need: Need, opened: dict[Factory, Any]) -> Any:
        make = need.resource.make
        if make in self._given:
            return self._given[make]
        if make not in opened:
            manager = need.opening.enter(**await self.enter_async(stack, need.needs, opened))
            if not need.opening.is_async:
                manager = OpenedInThread(manager)
            opened[make] = await manager.__aenter__()
            stack.push_async_exit(partial(_exit_async, manager))
        return opened[make]


def _exit(manager: contextlib.AbstractContextManager[Any], *error: Any) -> None:
    # It answers nothing: a resource that swallows an error of the handler changes no outcome.
    manager.__exit__(*error)


async def _exit_async(manager: AbstractAsyncContextManager[Any], *error: Any) -> None:
    await manager.__aexit__(*error)


async def _close(held: Held) -> None:
    limit = asyncio.timeout(CLOSE_S)
    try:
        async with limit:
            await held.close()
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            raise
        if limit.expired():
            log.error("closing %s has not ended within %g s", held.label, CLOSE_S)
        else:
            log.error("closing %s raised", held.label, exc_info=error)


def _is_cancelled() -> bool:
    """Whether this asyncio Task is cancelled. If not, a CancelledError comes from what it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
