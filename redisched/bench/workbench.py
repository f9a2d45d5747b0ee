"""The environment of a phase: a Redis, a scale, and its own queue, which is removed afterwards.

The Redis may contain other data of the user. So each phase uses its own queue, and only that queue is removed. What its
workers have said of themselves, and of what they did, stays for its time, as that of other workers does.
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
    """Raised when a phase could not be measured, for example because a worker process died."""


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
        """The store of a queue's first shard."""
        return Store(self.broker.script_runner, queue)

    def stores(self, queue: str) -> list[Store]:
        """The stores of all shards of a queue."""
        return [Store(self.broker.script_runner, queue, shard) for shard in range(self.scale.shards)]

    def facts(self, section: str) -> dict[str, str]:
        """The fields of one section of INFO; in a cluster, those of the first node."""
        return self.facts_of_nodes(section)[0]

    def facts_of_nodes(self, section: str) -> list[dict[str, str]]:
        """The fields of one section of INFO, for every server that accepts writes."""
        primaries = sorted(self.broker.client().primaries().items())
        return [_facts(primary.perform(("INFO", section))) for _, primary in primaries]

    def server_us(self) -> int:
        """The server's time of day in microseconds."""
        reply = self.command("TIME")
        assert isinstance(reply, list)
        seconds, microseconds = reply
        return int(seconds) * 1_000_000 + int(microseconds)

    def settle(self) -> None:
        """Wait until Redis has finished its background work, so that it does not slow down the next phase.

        If other clients keep Redis busy, return after a time limit.
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
