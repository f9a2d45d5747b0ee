"""What the parts of one worker process share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from redisched.clock import Clock, ServerClock
from redisched.config import Settings, WorkerSettings
from redisched.engine.held import Holdings
from redisched.engine.started import Started
from redisched.engine.window import Window
from redisched.options import check_queue
from redisched.registry import Registry
from redisched.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One worker process: its name, its settings, the queues it serves and the tasks it holds.

    `target` is the MODULE:APP by which the processes of isolated handlers find the application.
    """

    worker: str
    settings: Settings
    worker_settings: WorkerSettings
    registry: Registry
    stores: Mapping[str, Store]
    window: Window
    started: Started
    clock: Clock
    random: Callable[[], float]
    target: str = ""
    holdings: Holdings = field(default_factory=Holdings)
    server_clock: ServerClock = field(default_factory=ServerClock)

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
