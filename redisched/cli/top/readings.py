"""What the screens show, as it was read at one moment. Times are the server's, in milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from redisched.activity import Activity, AttemptEnd, percentile_ms
from redisched.client.stats import Stats
from redisched.client.worker_calls import WorkerView
from redisched.orders import WorkerState
from redisched.store.pausing import QueuePause
from redisched.store.view import QueueCounts, TaskView, total

RECENT_MS = 5 * 60_000
"""Rates and percentiles are of the last five minutes."""
TREND_MS = 3_600_000
"""A trend is of the last hour."""
_MINUTES = TREND_MS // 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What workers did: each queue in the last minutes, and how long its tasks waited in each minute of the hour.

    `trends` has for each queue the percentile of 95 of 100 waits, oldest first; None for a minute in which none began.
    """

    minutes: float = 1.0
    queues: Mapping[str, Activity] = field(default_factory=dict)
    trends: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """A queue. `counts` is None if it cannot be read, and `trouble` says why."""

    name: str
    counts: QueueCounts | None = None
    shards: int = 1
    pauses: tuple[QueuePause | None, ...] = ()
    trouble: str = ""
    recent: Activity | None = None
    minutes: float = 1.0
    trend: tuple[float | None, ...] = ()
    workers: tuple[WorkerView, ...] = ()
    """Those that serve it."""

    @property
    def is_paused(self) -> bool:
        """Whether a shard of it is."""
        return any(self.pauses)

    @property
    def oldest_ms(self) -> int:
        """For how long the oldest of its ready tasks has been due; 0 without one."""
        return (self.counts.oldest_ready_ms if self.counts else None) or 0

    @property
    def wait_p95_ms(self) -> float | None:
        return None if self.recent is None else percentile_ms(self.recent.waits, 0.95)

    @property
    def run_p95_ms(self) -> float | None:
        return None if self.recent is None else percentile_ms(self.recent.runs, 0.95)

    @property
    def per_minute(self) -> float:
        """How many of its tasks ended in a minute."""
        return 0.0 if self.recent is None else self.recent.ended / self.minutes

    @property
    def failed(self) -> int:
        """How many attempts failed lately and are tried again."""
        return 0 if self.recent is None else self.recent.number(AttemptEnd.FAILED)

    @property
    def told_running(self) -> int:
        """How many of its tasks the workers say that they run, up to 50 of each worker."""
        return sum(task.queue == self.name for worker in self.workers for task in worker.presence.running)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All queues that were read, `queues_in_all` is how many there are, and all workers, if those could be read."""

    now_ms: int
    queues: tuple[QueueLine, ...]
    queues_in_all: int
    workers: tuple[WorkerView, ...]
    are_workers_known: bool = True

    @property
    def sums(self) -> QueueCounts | None:
        """The sums over all queues that could be read; None without one."""
        found = [line.counts for line in self.queues if line.counts is not None]
        return total(found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTasks:
    """A queue, and the first of its tasks in some states."""

    line: QueueLine
    now_ms: int
    views: tuple[TaskView, ...]
    has_more: bool


def recent_of(hour: Stats) -> Recent:
    """What the screens show of the activity of an hour."""
    latest = hour.latest(RECENT_MS)
    first = hour.now_ms // hour.step_ms - _MINUTES + 1
    trends: dict[str, list[float | None]] = {}
    for begin_ms, rows in hour.series:
        at = begin_ms // hour.step_ms - first
        waits: dict[str, Activity] = {}
        for key, activity in rows.items():
            waits.setdefault(key.queue, Activity()).add(activity)
        for queue, activity in waits.items():
            if 0 <= at < _MINUTES:
                trends.setdefault(queue, [None] * _MINUTES)[at] = percentile_ms(activity.waits, 0.95)
    return Recent(
        minutes=latest.minutes,
        queues=latest.by_queue(),
        trends={queue: tuple(trend) for queue, trend in trends.items()},
    )


def serves(worker: WorkerView, queue: str) -> bool:
    """Whether a worker serves a queue, as far as it tells its queues."""
    return queue in worker.deployment.queues


def is_working(worker: WorkerView) -> bool:
    """Whether a worker takes tasks."""
    return worker.presence.state == WorkerState.WORKING.value
