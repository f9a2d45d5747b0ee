"""Listens for the ends of tasks, for all calls of an application that wait for one.

All of them share one channel, and so one connection: a thread reads it for blocking callers, and a task of each event
loop for those under asyncio. While the connection is lost, or messages do not arrive, callers look by themselves.
"""

import asyncio
import contextlib
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import TYPE_CHECKING

from redisched.config import RECONNECT_BACKOFF
from redisched.errors import AccessDenied, BrokerError
from redisched.lazy import LazyModule
from redisched.store.broker import Broker
from redisched.store.shard import id_text
from redisched.store.subscription import AsyncSubscription, Subscription

if TYPE_CHECKING:
    import logging
else:
    logging = LazyModule("logging")

PART = "results"
"""The part of the program in the name of the connection."""
CANCEL_AGAIN_S = 0.05
PROBE_EVERY_S = 0.1
"""At most so often a waiter looks early."""
IDLE_S = 60.0
"""How long one read waits for a message."""


class Waiter:
    """One call that waits for the ends of tasks. It is told the ids of tasks that may have ended."""

    def __init__(self, ids: Iterable[str], event: threading.Event | asyncio.Event) -> None:
        self.ids = frozenset(ids)
        self._event = event
        self._told: deque[str] = deque()

    def tell(self, ids: Iterable[str]) -> None:
        """Wake the caller, to look at these tasks."""
        self._told.extend(ids)
        self._event.set()

    def take(self) -> set[str]:
        """The ids that were told since the last call."""
        self._event.clear()
        told = set()
        with contextlib.suppress(IndexError):
            while True:
                told.add(self._told.popleft())
        return told

    def wait(self, within_s: float) -> None:
        """Block until an id is told, at most so many seconds."""
        assert isinstance(self._event, threading.Event)
        self._event.wait(within_s)

    async def wait_async(self, within_s: float) -> None:
        """As `wait`, under asyncio."""
        assert isinstance(self._event, asyncio.Event)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._event.wait()


class EndListener:
    """Tells waiters which tasks have ended, as far as it hears of it.

    `channel` is where the ends are published of tasks that are watched for this listener; empty if this user may not
    subscribe to it.
    """

    def __init__(self, broker: Broker, make_event: Callable[[], threading.Event | asyncio.Event]) -> None:
        self.channel = f"{broker.script_runner.prefix}:ends:{token_hex(8)}"
        self.process = os.getpid()
        self._broker = broker
        self._make_event = make_event
        self._lock = threading.RLock()
        self._waiters: dict[str, list[Waiter]] = {}
        self._is_subscribed = False
        self._misses = False
        self._has_heard = False
        self._probes_s = -math.inf

    @property
    def is_trusted(self) -> bool:
        """Whether waiters are told of every end, so that they need not look."""
        return self._is_subscribed and not self._misses

    def add(self, ids: Iterable[str]) -> Waiter:
        """A waiter that is told of these tasks until it is removed."""
        waiter = self._make_waiter(ids)
        with self._lock:
            for id in waiter.ids:
                self._waiters.setdefault(id, []).append(waiter)
        return waiter

    def _make_waiter(self, ids: Iterable[str]) -> Waiter:
        return Waiter(ids, self._make_event())

    def remove(self, waiter: Waiter) -> None:
        """Tell this waiter nothing more."""
        with self._lock:
            for id in waiter.ids:
                self._waiters[id].remove(waiter)
                if not self._waiters[id]:
                    del self._waiters[id]

    def may_probe(self, now_s: float) -> bool:
        """Whether this waiter shall look at its tasks early, for all: no message ever came, so it is not known whether
        workers may publish.
        """
        if self._has_heard or now_s < self._probes_s:
            return False
        self._probes_s = now_s + PROBE_EVERY_S
        return True

    def missed(self) -> None:
        """Know that a task has ended of which no message came, such as from a worker that may not publish. Until the
        next message comes, waiters look by themselves.
        """
        self._misses = True
        self._tell_all()

    def _heard(self, message: bytes) -> None:
        self._misses, self._has_heard = False, True
        id = id_text(message)
        with self._lock:
            for waiter in self._waiters.get(id, ()):
                waiter.tell((id,))

    def _subscribed(self) -> None:
        """All look once: an end may have been published before."""
        self._is_subscribed = True
        self._tell_all()

    def _lost(self, error: BrokerError) -> None:
        if isinstance(error, AccessDenied):
            logging.getLogger("redisched").warning(
                "callers of result() are not told of ends and keep asking: %s; allow it: ACL SETUSER USER &%s:*",
                *(error, self._broker.script_runner.prefix),
            )
            self.channel = ""
        self._is_subscribed = False
        self._tell_all()

    def _tell_all(self) -> None:
        with self._lock:
            for waiter in {waiter for waiters in self._waiters.values() for waiter in waiters}:
                waiter.tell(waiter.ids)

    @staticmethod
    def _delay_s(failures: int) -> float:
        return RECONNECT_BACKOFF.delay_s(failures, lambda: 0.5)


class ThreadEndListener(EndListener):
    """Listens in a thread, for blocking callers."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker, threading.Event)
        self._closed = threading.Event()
        self._subscription: Subscription | None = None
        self._client = broker.open_client(PART)
        # In a process that may not start another thread, callers look by themselves.
        self._thread = threading.Thread(target=self._listen, name="redisched-results", daemon=True)
        with contextlib.suppress(RuntimeError):
            self._thread.start()

    def close(self) -> None:
        """Have the thread close the connection and end."""
        self._closed.set()
        if self._subscription is not None:
            self._subscription.interrupt()

    def _listen(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                self._subscription = self._client.subscribe(self.channel)
                failures = 0
                self._subscribed()
                while not self._closed.is_set():
                    message = self._subscription.read(IDLE_S)
                    if message is not None:
                        self._heard(message)
            except BrokerError as error:
                failures += 1
                self._lost(error)
                if isinstance(error, AccessDenied):
                    break
                self._closed.wait(self._delay_s(failures))
            finally:
                if self._subscription is not None:
                    self._subscription.close()
        self._is_subscribed = False
        self._tell_all()


class LoopEndListener(EndListener):
    """Listens in a task of the running event loop, for callers under asyncio."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker, asyncio.Event)
        self._client = broker.open_async_client(broker.timeout_s, PART)
        self._task = asyncio.create_task(self._listen(), name="redisched-results")

    async def close(self) -> None:
        """Close the connection, and end the task."""
        # Again and again, because fakeredis loses a cancellation that comes while it connects.
        while not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CANCEL_AGAIN_S)

    async def _listen(self) -> None:
        failures = 0
        subscription: AsyncSubscription | None = None
        try:
            while True:
                try:
                    subscription = await self._client.subscribe(self.channel)
                    failures = 0
                    self._subscribed()
                    while True:
                        self._heard(await subscription.read())
                except BrokerError as error:
                    failures += 1
                    self._lost(error)
                    if isinstance(error, AccessDenied):
                        return
                    await asyncio.sleep(self._delay_s(failures))
                finally:
                    if subscription is not None:
                        await subscription.close()
        finally:
            self._is_subscribed = False
            self._tell_all()
