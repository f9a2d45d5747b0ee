"""Connections to lend: at most so many at a time, and first come, first served."""

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


class Pool(Generic[C]):
    """For threads. A signal handler may take a connection while its thread is being given one."""

    def __init__(self, make: Callable[[], C], most: int) -> None:
        self._make = make
        self._most = most
        self._idle: list[C] = []
        self._lent = 0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition(threading.RLock())

    def take(self, within_s: float) -> C:
        """A connection that is idle, or a new one. Raises BrokerUnavailable if all are in use for so long."""
        with self._changed:
            if self._waiting or not self._has_room():
                self._wait(within_s)
            self._lent += 1
            if self._idle:
                return self._idle.pop()
        try:
            return self._make()
        except BaseException:
            self.drop()
            raise

    def give(self, connection: C) -> None:
        """Take a connection back that can be used again."""
        with self._changed:
            self._lent -= 1
            self._idle.append(connection)
            if self._waiting:
                self._changed.notify_all()

    def drop(self) -> None:
        """Know that a connection is not coming back."""
        with self._changed:
            self._lent -= 1
            if self._waiting:
                self._changed.notify_all()

    def empty(self) -> list[C]:
        """All connections that are idle, which are the caller's from now on."""
        with self._changed:
            idle, self._idle = self._idle, []
        return idle

    def _has_room(self) -> bool:
        return bool(self._idle) or self._lent < self._most

    def _wait(self, within_s: float) -> None:
        turn = object()
        self._waiting.append(turn)
        began_s = time.monotonic()
        try:
            if not self._changed.wait_for(lambda: self._waiting[0] is turn and self._has_room(), within_s):
                raise _exhausted(self._most, time.monotonic() - began_s)
        finally:
            self._waiting.remove(turn)
            self._changed.notify_all()


class AsyncPool(Generic[C]):
    """For one event loop."""

    def __init__(self, make: Callable[[], C], most: int) -> None:
        self._make = make
        self._most = most
        self._idle: list[C] = []
        self._lent = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, within_s: float) -> C:
        """A connection that is idle, or a new one. Raises BrokerUnavailable if all are in use for so long."""
        if self._waiting or not self._has_room():
            await self._wait(within_s)
        self._lent += 1
        if self._idle:
            return self._idle.pop()
        try:
            return self._make()
        except BaseException:
            self.drop()
            raise

    def give(self, connection: C) -> None:
        """Take a connection back that can be used again."""
        self._lent -= 1
        self._idle.append(connection)
        self._wake()

    def drop(self) -> None:
        """Know that a connection is not coming back."""
        self._lent -= 1
        self._wake()

    def empty(self) -> list[C]:
        """All connections that are idle, which are the caller's from now on."""
        idle, self._idle = self._idle, []
        return idle

    def _has_room(self) -> bool:
        return bool(self._idle) or self._lent < self._most

    def _wake(self) -> None:
        # Whoever is woken stays first until it has taken one, so that nobody comes in between.
        if self._waiting and not self._waiting[0].done() and self._has_room():
            self._waiting[0].set_result(None)

    async def _wait(self, within_s: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(within_s):
                await turn
        except TimeoutError:
            raise _exhausted(self._most, within_s) from None
        finally:
            self._waiting.remove(turn)
            if not turn.done() or turn.cancelled():
                self._wake()
            else:
                asyncio.get_running_loop().call_soon(self._wake)


def _exhausted(most: int, waited_s: float) -> BrokerUnavailable:
    reason = f"all {most} connections are in use; raise max_connections in Settings, or make fewer calls at once"
    return BrokerUnavailable(reason, waited_s)
