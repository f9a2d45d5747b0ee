"""Calls of a handler by hand: what `current_task()` answers where no worker runs it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redisched.codec import decode_state, encode_state
from redisched.config import Settings
from redisched.context import NO_TIME_LIMIT, TaskContext, running
from redisched.engine.time_limit import SoftLimit
from redisched.errors import InvalidOption
from redisched.option_checks import (
    check_attempts,
    check_headers,
    check_id,
    check_priority,
    check_queue,
    check_run_at,
    check_timeout,
    check_whole,
)
from redisched.retry import DEFAULT_ATTEMPTS
from redisched.testing.given import given_within

_NAME = "by_hand"


class CheckpointsByHand:
    """Checkpoints that are kept by the test. They go through the codec, as in production."""

    def __init__(self, state: Any) -> None:
        self._earlier = self._latest = self._encoded(state)

    def state(self) -> Any:
        """What an earlier attempt has saved."""
        return decode_state(self._earlier)

    def saved(self) -> Any:
        """What was saved last."""
        return decode_state(self._latest)

    def save(self, state: Any) -> None:
        """Keep a state."""
        self._latest = self._encoded(state)

    async def save_async(self, state: Any) -> None:
        """As `save`."""
        self.save(state)

    @staticmethod
    def _encoded(state: Any) -> bytes:
        return encode_state(_NAME, state, Settings().payload_limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextByHand(TaskContext):
    """What the handler sees. A test also sees what the handler has saved."""

    @property
    def saved(self) -> Any:
        """What the handler saved last with `checkpoint`; before that, the state it was given."""
        assert isinstance(self._checkpoints, CheckpointsByHand)
        return self._checkpoints.saved()

    def task_context(self) -> TaskContext:
        return self


@contextmanager
def context(
    *,
    id: str = "by-hand",
    attempt: int = 1,
    max_attempts: int = DEFAULT_ATTEMPTS,
    fence: int = 1,
    priority: int = 5,
    queue: str = "default",
    run_at: datetime | float = 0,
    timeout: float | timedelta | None = None,
    state: Any = None,
    headers: dict[str, str] | None = None,
    resources: Mapping[Any, Any] | None = None,
) -> Iterator[ContextByHand]:
    """Within the block `current_task()` answers this task, so that a handler can be called like any function:
    `with testing.context(attempt=2): send_receipt(42)`. Needs no worker and no server.

    `state` is what an earlier attempt has saved, and `headers` what middleware of the producer would send along.
    `timeout` is in seconds of real time and interrupts nothing. Handlers are given `resources`, values by the factory
    that makes them otherwise. Raises InvalidOption.
    """
    if check_attempts("attempt", attempt) > check_attempts("max_attempts", max_attempts):
        raise InvalidOption("attempt", attempt, f"at most max_attempts, which is {max_attempts}")
    task = ContextByHand(
        id=check_id("id", id),
        name=_NAME,
        queue=check_queue("queue", queue),
        attempt=attempt,
        max_attempts=max_attempts,
        fence=check_whole("fence", fence, 0, 2**63 - 1),
        priority=check_priority("priority", priority),
        run_at_ms=int(check_run_at("run_at", run_at)[1:]),
        worker="testing",
        headers=check_headers("headers", {} if headers is None else headers),
        _checkpoints=CheckpointsByHand(state),
        _time_limit=NO_TIME_LIMIT if timeout is None else _limit(timeout),
    )
    before = running.set(task)
    try:
        with given_within({} if resources is None else resources):
            yield task
    finally:
        running.reset(before)


def _limit(timeout: float | timedelta) -> SoftLimit:
    return SoftLimit(time.monotonic, check_timeout("timeout", timeout) / 1e3)
