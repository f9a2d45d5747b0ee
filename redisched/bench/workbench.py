"""Where a phase works: a Redis, a scale, and a queue of its own that is gone afterwards.

A queue of its own, as the Redis may be somebody's: nothing but what the bench wrote is removed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TypeVar

from redisched.bench.jobs import Jobs
from redisched.bench.scale import Scale
from redisched.embedded.polling import poll_until
from redisched.errors import RedischedError
from redisched.store.broker import Broker
from redisched.store.operation import Argument, Operation, run
from redisched.store.store import Store

T = TypeVar("T")

_QUIET_WITHIN_S = 20.0


class MeasurementFailed(RedischedError):
    """Raised when a phase could not be measured, such as when a worker process died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """The Redis at `url`, reached through `broker`, and how much to do there.

    Worker processes write profiles of themselves to the folder `profiles`; None means that they are not profiled.
    """

    url: str
    broker: Broker
    scale: Scale
    profiles: Path | None = None

    def command(self, *parts: Argument) -> object:
        """The reply to one command, as the server sent it."""
        return self.broker.client().perform(parts)

    def run(self, operation: Operation[T]) -> T:
        """Run an operation of the store."""
        return run(operation, self.broker.client())

    def store(self, queue: str) -> Store:
        """The edges of a queue."""
        return Store(self.broker.script_runner, queue)

    def stores(self, queue: str) -> list[Store]:
        """The edges of every shard of a queue."""
        return [Store(self.broker.script_runner, queue, shard) for shard in range(self.scale.shards)]

    def facts(self, section: str) -> dict[str, str]:
        """What INFO says in one of its sections; of a cluster, that of its first node."""
        return self.facts_of_nodes(section)[0]

    def facts_of_nodes(self, section: str) -> list[dict[str, str]]:
        """What INFO says in one of its sections, on every server that takes writes."""
        primaries = sorted(self.broker.client().primaries().items())
        return [_facts(primary.perform(("INFO", section))) for _, primary in primaries]

    def server_us(self) -> int:
        """The server's time of day in microseconds."""
        reply = self.command("TIME")
        assert isinstance(reply, list)
        seconds, microseconds = reply
        return int(seconds) * 1_000_000 + int(microseconds)

    def settle(self) -> None:
        """Return when Redis has done what it does in the background, so that no phase pays for the one before.

        On a Redis that others keep busy, after a while all the same.
        """
        poll_until(self._is_quiet, _QUIET_WITHIN_S)

    @contextmanager
    def jobs(self) -> Iterator[Jobs]:
        """An application with an empty queue, which is removed at the end."""
        jobs = Jobs(self.url, f"bench-{secrets.token_hex(6)}")
        if self.scale.shards > 1:
            jobs.app.grow(jobs.queue, self.scale.shards)
        try:
            yield jobs
        finally:
            jobs.app.close()
            for store in self.stores(jobs.queue):
                self.command("UNLINK", *astuple(store.keys))
            self.command("SREM", self.broker.script_runner.queues_key, jobs.queue)

    def _is_quiet(self) -> bool:
        background = [*self.facts_of_nodes("memory"), *self.facts_of_nodes("persistence")]
        names = ("lazyfree_pending_objects", "aof_rewrite_in_progress", "rdb_bgsave_in_progress")
        return all(facts.get(name, "0") == "0" for facts in background for name in names)


def _facts(reply: bytes) -> dict[str, str]:
    return dict(line.split(":", 1) for line in reply.decode().splitlines() if ":" in line)
