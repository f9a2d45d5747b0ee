"""How the parts of a worker reach Redis and step through their loops."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from redisched.backoff import Backoff
from redisched.engine.logs import log
from redisched.errors import BrokerError

FOREVER_S = 3600.0
"""A wait that only a signal ends."""
_EARLY_S = 0.001


@dataclass(slots=True)
class Outage:
    """Counts failures in a row, and says how long to wait before the next try."""

    part: str
    backoff: Backoff
    random: Callable[[], float]
    failures: int = 0

    def failed(self, error: BrokerError) -> float:
        """Note a failure; answers the wait in seconds. Only the first of a row is logged loudly."""
        self.failures += 1
        level = logging.WARNING if self.failures == 1 else logging.DEBUG
        log.log(level, "%s: %s", self.part, error)
        return self.backoff.delay_s(self.failures, self.random)

    def ended(self) -> None:
        """Note a success."""
        if self.failures:
            log.info("%s: Redis answers again after %d failures", self.part, self.failures)
            self.failures = 0


@dataclass(slots=True)
class Absence:
    """When to try a shard again that does not answer: those on other nodes must not wait for it.

    Moments are monotonic seconds.
    """

    outage: Outage
    until_s: float = -math.inf

    @property
    def goes_on(self) -> bool:
        """Whether the latest try failed."""
        return self.until_s > -math.inf

    def remaining_s(self, now_s: float) -> float:
        """For how long to leave the shard alone."""
        remaining_s = self.until_s - now_s
        # A timer may come a moment early; to wait for that moment again would be to spin.
        return remaining_s if remaining_s > _EARLY_S else 0.0

    def failed(self, error: BrokerError, now_s: float) -> None:
        """Note a failure."""
        self.until_s = now_s + self.outage.failed(error)

    def ended(self) -> None:
        """Note a success."""
        self.until_s = -math.inf
        self.outage.ended()


class Part:
    """One part of a worker, stepping in a loop of its own from the moment it is made.

    Each step says how many seconds to wait before the next, unless `changed` is set before. A step that fails because
    of Redis is repeated after a backoff, so no part ever ends because of an outage.
    """

    def __init__(self, step: Callable[[], Awaitable[float]], changed: asyncio.Event, outage: Outage) -> None:
        self._step = step
        self._changed = changed
        self._outage = outage
        self._ending = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def end(self, within_s: float) -> None:
        """Let the step under way end within a time, then cut it off."""
        self._ending.set()
        self._changed.set()
        await asyncio.wait([self.task], timeout=within_s)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def cut_off(self) -> None:
        """End at once, in the middle of whatever it does."""
        self._ending.set()
        self.task.cancel()

    async def _run(self) -> None:
        while not self._ending.is_set():
            self._changed.clear()
            try:
                delay_s = await self._step()
                self._outage.ended()
            except BrokerError as error:
                await wait_for(self._ending, self._outage.failed(error))
                continue
            if delay_s > 0 and not self._ending.is_set():
                await wait_for(self._changed, delay_s)


class Begin(Protocol):
    """Begins a part of the worker, which steps at once when `changed` is set."""

    def __call__(
        self, name: str, step: Callable[[], Awaitable[float]], changed: asyncio.Event | None = None, /
    ) -> Part: ...


async def quietly(call: Awaitable[object]) -> None:
    """Do what can be left undone if Redis does not answer."""
    try:
        await call
    except BrokerError as error:
        log.debug("left undone while stopping: %s", error)


async def wait_for(event: asyncio.Event, timeout_s: float) -> bool:
    """Whether an event was set within a time."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
