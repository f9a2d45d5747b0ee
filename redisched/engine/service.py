"""The loops in which the services of a worker run, and what they do when Redis does not answer."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from redisched.backoff import Backoff
from redisched.engine.logs import log
from redisched.engine.own_task import own_task
from redisched.errors import BrokerError

FOREVER_S = 3600.0
"""Longer than any wait is meant to last: only an event ends it."""
_EARLY_S = 0.001


@dataclass(slots=True)
class RetryState:
    """Counts the failures of a service in a row, and says how long to wait before the next try."""

    service: str
    backoff: Backoff
    random: Callable[[], float]
    failures: int = 0

    def failed(self, error: BrokerError) -> float:
        """Count a failure; answers how long to wait, in seconds. The first failure in a row is logged as a warning."""
        self.failures += 1
        level = logging.WARNING if self.failures == 1 else logging.DEBUG
        log.log(level, "%s: %s", self.service, error)
        return self.backoff.delay_s(self.failures, self.random)

    def ended(self) -> None:
        """Note that Redis answered, which ends the row of failures."""
        if self.failures:
            log.info("%s: Redis answers again after %d failures", self.service, self.failures)
            self.failures = 0


@dataclass(slots=True)
class ShardBackoff:
    """When to call a shard again that did not answer. Meanwhile other shards, which may be on other nodes, are served.

    All moments are monotonic seconds.
    """

    retry_state: RetryState
    until_s: float = -math.inf

    @property
    def is_failing(self) -> bool:
        """Whether the latest call failed."""
        return self.until_s > -math.inf

    def remaining_s(self, now_s: float) -> float:
        """For how long not to call the shard; 0.0 if it may be called now."""
        remaining_s = self.until_s - now_s
        # A timer may fire a little early. Waiting for such a short time again would make the loop spin.
        return remaining_s if remaining_s > _EARLY_S else 0.0

    def failed(self, error: BrokerError, now_s: float) -> None:
        """Note that a call failed."""
        self.until_s = now_s + self.retry_state.failed(error)

    def ended(self) -> None:
        """Note that a call succeeded."""
        self.until_s = -math.inf
        self.retry_state.ended()


class Service:
    """One loop of a worker: it calls `step` again and again, in an asyncio Task that starts when this object is made.

    Each step answers how many seconds to wait before the next one. Setting `changed` ends the wait early. A step that
    fails because of Redis is repeated after a backoff, so an outage of Redis ends no service.
    """

    def __init__(self, step: Callable[[], Awaitable[float]], changed: asyncio.Event, retry_state: RetryState) -> None:
        self._step = step
        self._changed = changed
        self._retry_state = retry_state
        self._ending = asyncio.Event()
        self.task = own_task(self._run())

    async def end(self, within_s: float) -> None:
        """Let the running step end within so many seconds, then cancel it."""
        self._ending.set()
        self._changed.set()
        await asyncio.wait([self.task], timeout=within_s)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def cancel(self) -> None:
        """Cancel the running step at once."""
        self._ending.set()
        self.task.cancel()

    async def _run(self) -> None:
        while not self._ending.is_set():
            self._changed.clear()
            try:
                delay_s = await self._step()
                self._retry_state.ended()
            except BrokerError as error:
                await wait_for(self._ending, self._retry_state.failed(error))
                continue
            if delay_s > 0 and not self._ending.is_set():
                await wait_for(self._changed, delay_s)


class StartService(Protocol):
    """Starts a service of the worker. Setting `changed` makes it step at once."""

    def __call__(
        self, name: str, step: Callable[[], Awaitable[float]], changed: asyncio.Event | None = None, /
    ) -> Service: ...


async def ignore_broker_errors(call: Awaitable[object]) -> None:
    """Await a call that may fail: if Redis does not answer, only a debug line is logged."""
    try:
        await call
    except BrokerError as error:
        log.debug("left undone while stopping: %s", error)


async def wait_for(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait until an event is set, at most `timeout_s` seconds; answers whether it was set."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
