"""What the services of one worker process share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from redisched.clock import Clock, ServerClock
from redisched.config import Settings, WorkerSettings
from redisched.engine.known_elsewhere import KnownElsewhere
from redisched.engine.leased_task import InFlight, LeasedTask
from redisched.engine.started import Started
from redisched.engine.tally import WorkTally
from redisched.engine.window import Window
from redisched.option_checks import check_queue
from redisched.registry import Registry
from redisched.store.store import Store

LARGEST_IDLE_FACTOR = 4
"""The largest factor by which a worker of several shards makes the time between two checks of a shard longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerContext:
    """One worker process: its name, its settings, the shards it serves and the tasks it has leased.

    `stores` has one store for each shard, by queue and number of the shard; shards are added when a queue gets more of
    them. `refused_claims` are the shards in which Redis refused the latest claim. `target` is the MODULE:APP by which
    the processes of isolated handlers find the application. `claim_numbers` number its claims: Redis refuses one that
    comes after a later one of the same stream was answered. `known_elsewhere` are the handlers that other workers have.
    `tally` counts what it does.
    """

    worker: str
    settings: Settings
    worker_settings: WorkerSettings
    registry: Registry
    stores: dict[tuple[str, int], Store]
    window: Window
    started: Started
    clock: Clock
    random: Callable[[], float]
    target: str = ""
    in_flight: InFlight = field(default_factory=InFlight)
    server_clock: ServerClock = field(default_factory=ServerClock)
    refused_claims: set[Store] = field(default_factory=set)
    claim_numbers: Iterator[int] = field(default_factory=count)
    known_elsewhere: KnownElsewhere = field(default_factory=KnownElsewhere)
    tally: WorkTally = field(default_factory=WorkTally)

    def store_of(self, task: LeasedTask) -> Store:
        """The store of the shard from which a task was claimed."""
        return self.stores[task.queue, task.shard]

    @property
    def idle_factor(self) -> int:
        """The time between two checks of one shard is this many times longer than if it were the worker's only shard.

        A worker checks each of its shards from time to time. Without this factor, an idle worker of many shards would
        send as many commands as all of them together need.
        """
        return max(1, min(LARGEST_IDLE_FACTOR, len(self.stores)))

    def contact(self) -> None:
        """Note that Redis answered, for the health check. While Redis refuses the claims in every shard, answers do not
        count: the worker cannot work.
        """
        if not self.refused_claims or len(self.refused_claims) < len(self.stores):
            self.started.contact(self.clock.monotonic())

    def server_now_ms(self) -> float:
        """The server's time in milliseconds. It may be a little late, but is never ahead of the server's clock."""
        return self.server_clock.now_ms(self.clock.monotonic())

    def server_ahead_ms(self) -> float:
        """By how many milliseconds the server's time is ahead of the monotonic clock of this machine."""
        now_s = self.clock.monotonic()
        return self.server_clock.now_ms(now_s) - now_s * 1e3

    @property
    def lease_ms(self) -> int:
        """The length of a lease."""
        return round(self.worker_settings.lease_s * 1e3)

    def trusted_until_s(self, sent_s: float) -> float:
        """The monotonic moment until which a lease is trusted that was asked for at `sent_s`, the moment before the
        call.

        A lease is trusted for nine tenths of its length.
        """
        return sent_s + 0.9 * self.worker_settings.lease_s


def served_queues(settings: WorkerSettings, registry: Registry) -> tuple[str, ...]:
    """The queues a worker serves: those in its settings, or, if none are set, every queue that its handlers use.

    Raises InvalidOption for an invalid name.
    """
    told = tuple(check_queue("queues", queue) for queue in settings.queues)
    return told or registry.queues() or ("default",)
