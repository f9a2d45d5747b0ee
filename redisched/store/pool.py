"""Connection pools: at most so many connections are lent at a time. Callers that have to wait get one in order."""

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from redisched.errors import BrokerUnavailable

C = TypeVar("C")
UNBOUNDED = sys.maxsize


class _PoolState(Generic[C]):
    """The state of a pool: its idle connections, and the number of those that are lent."""

    def __init__(self, make: Callable[[], C], most: int) -> None:
        self.make = make
        self.most = most
        self.lent = 0
        self._idle: list[C] = []

    @property
    def has_idle(self) -> bool:
        """Whether a connection need not be made."""
        return bool(self._idle)

    @property
    def has_room(self) -> bool:
        """Whether one more connection can be lent."""
        return bool(self._idle) or self.lent < self.most

    def lend(self) -> C | None:
        """An idle connection, or None if the caller has to make one. Either counts as lent."""
        self.lent += 1
        return self._idle.pop() if self._idle else None

    def give(self, connection: C) -> None:
        """Take a connection back that can be used again."""
        self.lent -= 1
        self._idle.append(connection)

    def empty(self) -> list[C]:
        """All connections that are idle, which are the caller's from now on."""
        idle, self._idle = self._idle, []
        return idle


class Pool(Generic[C]):
    """A pool for threads. A signal handler may take a connection while it interrupts a thread that is taking one."""

    def __init__(self, make: Callable[[], C], most: int) -> None:
        self._state = _PoolState(make, most)
        self._waiting: deque[object] = deque()
        # The lock itself is taken, not the condition that has it: the condition would call Python functions for that.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)

    def take(self, within_s: float) -> C:
        """A connection that is idle, or a new one. Raises BrokerUnavailable if all are in use for so long."""
        with self._lock:
            if self._waiting or not self._state.has_room:
                self._wait(within_s)
            idle = self._state.lend()
        if idle is not None:
            return idle
        try:
            return self._state.make()
        except BaseException:
            self.drop()
            raise

    def give(self, connection: C) -> None:
        """Take a connection back that can be used again."""
        with self._lock:
            self._state.give(connection)
            if self._waiting:
                self._changed.notify_all()

    def drop(self) -> None:
        """Know that a connection is not coming back."""
        with self._lock:
            self._state.lent -= 1
            if self._waiting:
                self._changed.notify_all()

    def empty(self) -> list[C]:
        """All connections that are idle, which are the caller's from now on."""
        with self._lock:
            return self._state.empty()

    def _wait(self, within_s: float) -> None:
        turn = object()
        self._waiting.append(turn)
        began_s = time.monotonic()
        try:
            if not self._changed.wait_for(lambda: self._waiting[0] is turn and self._state.has_room, within_s):
                raise _exhausted(self._state.most, time.monotonic() - began_s)
        finally:
            self._waiting.remove(turn)
            self._changed.notify_all()


class AsyncPool(Generic[C]):
    """A pool for one event loop."""

    def __init__(self, make: Callable[[], C], most: int) -> None:
        self._state = _PoolState(make, most)
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take_idle(self) -> C | None:
        """A connection that is idle, or None. Saves most callers the coroutine of `take`."""
        return self._state.lend() if self._state.has_idle and not self._waiting else None

    async def take(self, within_s: float) -> C:
        """A connection that is idle, or a new one. Raises BrokerUnavailable if all are in use for so long."""
        if self._waiting or not self._state.has_room:
            await self._wait(within_s)
        idle = self._state.lend()
        if idle is not None:
            return idle
        try:
            return self._state.make()
        except BaseException:
            self.drop()
            raise

    def give(self, connection: C) -> None:
        """Take a connection back that can be used again."""
        self._state.give(connection)
        if self._waiting:
            self._wake()

    def drop(self) -> None:
        """Know that a connection is not coming back."""
        self._state.lent -= 1
        self._wake()

    def empty(self) -> list[C]:
        """All connections that are idle, which are the caller's from now on."""
        return self._state.empty()

    def _wake(self) -> None:
        # A caller that is woken stays first in the queue until it has taken a connection, so that no other gets it
        # first.
        if self._waiting and not self._waiting[0].done() and self._state.has_room:
            self._waiting[0].set_result(None)

    async def _wait(self, within_s: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(within_s):
                await turn
        except TimeoutError:
            raise _exhausted(self._state.most, within_s) from None
        finally:
            self._waiting.remove(turn)
            if not turn.done() or turn.cancelled():
                self._wake()
            else:
                asyncio.get_running_loop().call_soon(self._wake)


def _exhausted(most: int, waited_s: float) -> BrokerUnavailable:
    reason = f"all {most} connections are in use; raise max_connections in Settings, or make fewer calls at once"
    return BrokerUnavailable(reason, waited_s)
