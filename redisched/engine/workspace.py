"""What the parts of one worker process share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from redisched.clock import Clock, ServerClock
from redisched.config import Settings, WorkerSettings
from redisched.engine.leased_task import InFlight, LeasedTask
from redisched.engine.started import Started
from redisched.engine.window import Window
from redisched.options import check_queue
from redisched.registry import Registry
from redisched.store.store import Store

LARGEST_STRETCH = 4
"""So many times as long may pass between looks at a shard, that idle workers of many shards stay quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One worker process: its name, its settings, the shards it serves and the tasks it holds.

    `stores` are those of each queue and shard; there are more as soon as a queue has grown. `refused_claims` are those
    where Redis refused the latest claim.
    `target` is the MODULE:APP by which the processes of isolated handlers find the application.
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

    def store_of(self, task: LeasedTask) -> Store:
        """Where a task is held."""
        return self.stores[task.queue, task.shard]

    @property
    def stretch(self) -> int:
        """How many times as seldom each of several shards is looked after as the only one would be."""
        return max(1, min(LARGEST_STRETCH, len(self.stores)))

    def contact(self) -> None:
        """Note that Redis answered, as a sign of health; there is none in that while it refuses every claim."""
        if not self.refused_claims or len(self.refused_claims) < len(self.stores):
            self.started.contact(self.clock.monotonic())

    def server_now_ms(self) -> float:
        """The server's time, never ahead of it, in milliseconds."""
        return self.server_clock.now_ms(self.clock.monotonic())

    @property
    def lease_ms(self) -> int:
        """Length of a lease."""
        return round(self.worker_settings.lease_s * 1e3)

    def trusted_until_s(self, sent_s: float) -> float:
        """Until when a lease asked for at `sent_s` is certain: a tenth less than it lasts, from before the call."""
        return sent_s + 0.9 * self.worker_settings.lease_s


def served_queues(settings: WorkerSettings, registry: Registry) -> tuple[str, ...]:
    """The queues a worker serves: those it was told, else every queue its handlers use.

    Raises InvalidOption for a name that cannot be a queue's.
    """
    told = tuple(check_queue("queues", queue) for queue in settings.queues)
    return told or registry.queues() or ("default",)
