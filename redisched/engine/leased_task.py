"""The tasks that a worker process has leased, from their claim to their settlement."""

from collections.abc import Callable, Iterator
from typing import Any

from redisched.context import (
    NO_CHECKPOINTS,
    NO_REPORTS,
    NO_TIME_LIMIT,
    TaskContext,
    checkpoints_of,
    reports_of,
)
from redisched.engine.report_buffer import ReportBuffer
from redisched.engine.time_limit import SoftLimit
from redisched.model import TaskBody, band_of, run_at_of
from redisched.store.values import Lease


class LeasedTask:
    """A task that this process has leased.

    `trusted_until_s` is the monotonic moment until which the lease is trusted. `arrived_ms` is the server's time when
    it came into the window. `started_ms` is the server's time when the handler started, 0 before, and `ended_ms` when
    it ended. `was_cancelled` says that it ended because of a cancellation. `is_told_to_end` says that this worker has
    told the handler to end. If it has not, a LeaseLost that comes out of the handler is about another task, such as one
    that it pulls by hand. `time_limit` is set when a handler with a timeout starts. `body` is set once it is decoded.
    `checkpoint` is what an earlier attempt saved, and is read before the start. `report` is what its handler tells,
    once it has asked for its context. `has_given_id` is false if a caller chose the id. A task is a suspect
    (`is_suspect`) if a process died while it ran. Due tasks start in the order of `order`, then `turn`. These are the
    task's score and id, or, with several shards, the time of the claim and the task's place in it.
    """

    __slots__ = (
        "arrived_ms",
        "body",
        "cancelling",
        "checkpoint",
        "claimed_s",
        "ended_ms",
        "function",
        "has_given_id",
        "is_suspect",
        "is_told_to_end",
        "lease",
        "max_attempts",
        "order",
        "queue",
        "report",
        "shard",
        "started_ms",
        "time_limit",
        "trusted_until_s",
        "turn",
        "values",
        "was_cancelled",
        "worker",
    )

    def __init__(
        self, lease: Lease, queue: str, worker: str, claimed_s: float, trusted_until_s: float, shard: int = 0
    ) -> None:
        self.lease = lease
        self.is_suspect = lease.crashes > 0
        self.queue = queue
        self.shard = shard
        self.order = lease.score
        self.turn = lease.id
        self.worker = worker
        self.claimed_s = claimed_s
        self.trusted_until_s = trusted_until_s
        self.arrived_ms = 0.0
        self.started_ms = 0
        self.ended_ms = 0
        self.was_cancelled = False
        self.is_told_to_end = False
        self.time_limit: SoftLimit | None = None
        self.cancelling = False
        self.checkpoint = b""
        self.report: ReportBuffer | None = None
        self.max_attempts = 0
        self.body = UNREAD
        self.has_given_id = False
        self.function: Callable[..., Any] | None = None
        self.values: dict[str, Any] | None = None

    def __lt__(self, other: "LeasedTask") -> bool:
        return (self.lease.score, self.lease.id) < (other.lease.score, other.lease.id)

    def task_context(self) -> TaskContext:
        """What the handler may know about its task."""
        lease, body = self.lease, self.body
        make_checkpoints, make_reports = checkpoints_of.get(), reports_of.get()
        if self.values is None:
            self.values = {}
        return TaskContext(
            id=lease.id,
            name=body.name,
            queue=self.queue,
            attempt=lease.attempts + 1,
            max_attempts=self.max_attempts,
            fence=lease.token,
            priority=band_of(lease.score),
            run_at_ms=run_at_of(lease.score),
            worker=self.worker,
            headers=body.headers or {},
            args=body.args,
            kwargs=body.kwargs,
            values=self.values,
            _function=self.function,
            _time_limit=self.time_limit or NO_TIME_LIMIT,
            _checkpoints=make_checkpoints(self) if make_checkpoints else NO_CHECKPOINTS,
            _reports=make_reports(self) if make_reports else NO_REPORTS,
        )


UNREAD = TaskBody("")


class InFlight:
    """All tasks that this process has leased. The event loop changes it, and the lease renewer's thread reads it.

    The same task may be in it twice: with a lost lease, whose handler has not ended yet, and with a newer lease.
    """

    def __init__(self) -> None:
        self._tasks: dict[LeasedTask, None] = {}
        self.added = 0
        """How many tasks were ever added."""

    def add(self, *tasks: LeasedTask) -> None:
        """Add tasks that were claimed."""
        self._tasks.update(dict.fromkeys(tasks))
        self.added += len(tasks)

    def remove(self, *gone: LeasedTask) -> None:
        """Remove tasks; does nothing for those that were removed before."""
        for task in gone:
            self._tasks.pop(task, None)

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[LeasedTask]:
        return iter(list(self._tasks))
