"""Where a phase works: a Redis, a scale, and a queue of its own that is gone afterwards.

A queue of its own, as the Redis may be somebody's: nothing but what the bench wrote is removed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TypeAlias, TypeVar

from redisched.bench.jobs import Jobs
from redisched.bench.scale import Scale
from redisched.errors import RedischedError
from redisched.keys import QUEUES, keys_of
from redisched.store.broker import Broker
from redisched.store.operation import Argument, Operation, run
from redisched.store.store import Store

Figures: TypeAlias = dict[str, float | dict[str, float]]
"""What was measured, by the names under which it is published."""

T = TypeVar("T")


class MeasurementFailed(RedischedError):
    """Raised when a phase could not be measured, such as when a worker process died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """The Redis at `url`, reached through `broker`, and how much to do there."""

    url: str
    broker: Broker
    scale: Scale

    def command(self, *parts: Argument) -> object:
        """The reply to one command, as the server sent it."""
        return self.broker.client().perform(parts)

    def run(self, operation: Operation[T]) -> T:
        """Run an operation of the store."""
        return run(operation, self.broker.client())

    def store(self, queue: str) -> Store:
        """The edges of a queue."""
        return Store(self.broker.dialect, queue)

    def facts(self, section: str) -> dict[str, str]:
        """What INFO says in one of its sections."""
        reply = self.command("INFO", section)
        assert isinstance(reply, bytes)
        return dict(line.split(":", 1) for line in reply.decode().splitlines() if ":" in line)

    @contextmanager
    def jobs(self) -> Iterator[Jobs]:
        """An application with an empty queue, which is removed at the end."""
        jobs = Jobs(self.url, f"bench-{secrets.token_hex(6)}")
        try:
            yield jobs
        finally:
            jobs.app.close()
            keys = keys_of(jobs.queue)
            self.command("UNLINK", *(getattr(keys, field.name) for field in fields(keys)))
            self.command("SREM", QUEUES, jobs.queue)
