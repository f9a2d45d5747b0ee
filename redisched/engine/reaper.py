"""Takes back the tasks of workers that are gone, and forgets ended tasks. In each shard one worker at a time does this.

The worker that reaps the first shard of a queue also reaps the others, so the other workers have to ask for the first
shard only. If a worker surveys its shards, its reapers rest until a survey finds something to do.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from redisched.activity import AttemptEnd
from redisched.codec import encode_failure
from redisched.counted import counted
from redisched.engine.logs import log
from redisched.engine.service import FOREVER_S
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerRefused, QueueFull
from redisched.model import REPLAY_MS, DeathReason, Failure, kept_ms
from redisched.shard_map import ShardMap
from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.survey import ShardReport
from redisched.store.values import (
    Expired,
    ExpireRequest,
    ForgetLimits,
    Forgotten,
    Reaped,
    ReapOutcome,
    ReapRequest,
    Status,
)

BATCH = 50
"""One call takes back at most so many tasks. Each costs Redis several times as much as claiming one."""
NAMED = 10
"""If one call takes back more tasks than this, the log shows their number instead of their ids."""
LONGEST_INTERVAL_S = 2.5
GRACE_MS = 4_000
"""After an outage nothing is reaped for so long, so that live workers can renew their leases first. They try to reach
Redis at least every 2 s.
"""
WATCH_S = 4.0
"""A worker that does not reap a queue still calls this often, to learn whether the queue has got more shards."""
FORGET_EVERY_S = 10.0
FORGET_BATCH = 1_000
_ENDED_BY_REAPING = {
    Status.QUARANTINED: AttemptEnd.DEAD,
    Status.NOT_AGAIN: AttemptEnd.LOST,
    Status.CANCELLED: AttemptEnd.CANCELLED,
}


@dataclass(slots=True)
class Reaper:
    """Reaps and forgets in one shard. It calls again when the next lease ends, so ended leases are noticed at once.

    `first` is the reaper of the queue's first shard, or None if this is it. `on_shard_map` is called with the queue's
    shard map.
    """

    context: WorkerContext
    store: Store
    on_shard_map: Callable[[ShardMap], None]
    first: "Reaper | None" = None
    forgot_s: float = 0.0
    is_elsewhere: bool = True
    """Whether another worker reaps this shard, as far as this one knows."""
    is_needed: bool = True
    """Whether there is work in this shard that no other worker does."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when this reaper is needed again."""
    _is_surveyed: bool = False
    _is_forgetting_due: bool = False
    _without_leases_ms: int | None = None
    """When a survey last saw that the shard has no leases; None if a later survey saw some."""
    _needs_no_grace: bool = False
    _has_told_of_loss: bool = False

    @property
    def interval_s(self) -> float:
        """Seconds between two calls of this reaper. Other workers leave the shard to it for three intervals after its
        last call, and a pause of six intervals counts as an outage. The lease renewer renews a lease early enough that
        no lease can end during a pause which is too short to count as an outage.
        """
        settings = self.context.worker_settings
        longest_s = LONGEST_INTERVAL_S * self.context.idle_factor
        return min(longest_s, 0.15 * (settings.lease_s - 2 * settings.heartbeat_s))

    def take_report(self, report: ShardReport | None) -> None:
        """Take in what a survey saw. None means that surveys have ended, so the reaper has to look itself."""
        was_needed = self.is_needed
        self._is_surveyed = report is not None
        self.is_needed = report is None or self._has_work(report)
        if report is None or report.next_expiry_ms is None:
            self._without_leases_ms = None if report is None else report.now_ms
        elif self._without_leases_ms is not None:
            # All leases were granted since then, and Redis has answered the surveys meanwhile. So no outage has kept a
            # worker from renewing them.
            self._needs_no_grace = report.now_ms - self._without_leases_ms <= 2e3 * self._hold_s
            self._without_leases_ms = None
        if self.is_needed and not was_needed:
            self.changed.set()

    def _has_work(self, report: ShardReport) -> bool:
        if report.led_until_ms is not None:
            return False
        dead_ms = report.oldest_death_ms
        kept_ms = round(self.context.settings.dead_retention_s * 1e3)
        self._is_forgetting_due = (report.forget_ms or report.now_ms) < report.now_ms or (
            dead_ms is not None and dead_ms + kept_ms < report.now_ms
        )
        has_leases = report.next_expiry_ms is not None
        return has_leases or self._is_forgetting_due or not report.is_sound or report.shard_map is None

    def step(self) -> Operation[float]:
        """Reap once if it is this worker's turn; answers how long to wait, in seconds."""
        context = self.context
        if not self.is_needed:
            self.is_elsewhere = True
            return FOREVER_S
        if not self._is_surveyed and self.first is not None and self.first.is_elsewhere:
            self.is_elsewhere = True
            return self.interval_s
        try:
            reaped = yield from self.store.reap(self.request())
        except BrokerRefused:
            # Redis may refuse because a key that only the reaper uses has a wrong type. The scrubber shall run all the
            # same.
            self.is_elsewhere = False
            raise
        context.contact()
        self._needs_no_grace = False
        self.is_elsewhere = reaped.outcome is ReapOutcome.BUSY
        self.on_shard_map(reaped.shard_map)
        until_s = self.interval_s if reaped.until_ms is None else max(0.02, (reaped.until_ms - reaped.now_ms) / 1e3)
        if self.is_elsewhere:
            return min(until_s + self.interval_s * context.random(), WATCH_S - context.random())
        if reaped.outcome is ReapOutcome.GRACE:
            return min(self.interval_s, until_s)
        self._log_reaped(reaped)
        self._count_reaped(reaped)
        if reaped.expiring_ms is not None and reaped.expiring_ms <= reaped.now_ms:
            yield from self._expire()
        is_time = context.clock.monotonic() - self.forgot_s >= FORGET_EVERY_S * context.idle_factor
        if is_time or self._is_forgetting_due:
            yield from self._forget()
        return 0.0 if len(reaped.tasks) == BATCH else min(self.interval_s, until_s)

    @property
    def _hold_s(self) -> float:
        """For how many seconds after a call other workers leave the shard to this one. A pause of twice that counts as
        an outage.
        """
        return 3 * self.interval_s

    def request(self) -> ReapRequest:
        """What it calls with."""
        settings = self.context.worker_settings
        return ReapRequest(
            worker=self.context.worker,
            hold_ms=round(self._hold_s * 1e3),
            grace_ms=0 if self._needs_no_grace else GRACE_MS,
            limit=BATCH,
            crash_limit=settings.crash_limit,
            failure=quarantine_failure(settings.crash_limit),
            lease_ms=self.context.lease_ms,
        )

    def _expire(self) -> Operation[None]:
        """End the tasks that expired while nobody claimed them."""
        request = ExpireRequest(limit=BATCH, lease_ms=self.context.lease_ms)
        expired = Expired(0, BATCH)
        while expired.looked >= BATCH:
            expired = yield from self.store.expire(request)
            if expired.tasks:
                self.context.tally.add(self.store.queue, AttemptEnd.EXPIRED, expired.tasks)

    def _forget(self) -> Operation[None]:
        settings = self.context.settings
        limits = ForgetLimits(
            limit=FORGET_BATCH,
            dead_retention_ms=round(settings.dead_retention_s * 1e3),
            kept=settings.kept_results,
            sooner_ms=kept_ms(round(settings.retention_s * 1e3)) - REPLAY_MS,
        )
        forgotten, sooner = Forgotten(FORGET_BATCH, 0), 0
        while forgotten.tasks >= FORGET_BATCH:
            forgotten = yield from self.store.forget(limits)
            sooner += forgotten.sooner
        self._tell_of_early_loss(sooner)
        self.forgot_s = self.context.clock.monotonic()
        self._is_forgetting_due = False
        if self.first is not None:
            return
        # After a loss of data no other code would register the queue again.
        with contextlib.suppress(QueueFull):
            yield from self.store.register()

    def _tell_of_early_loss(self, outcomes: int) -> None:
        """Log that results were forgotten early: the first time as a warning, because callers may still wait for
        them.
        """
        if outcomes:
            settings = self.context.settings
            log.log(
                logging.DEBUG if self._has_told_of_loss else logging.WARNING,
                "queue %s: %d results were forgotten before their retention of %g s was over, as more than %d have"
                " ended since; handlers that ask for a retention of their own keep theirs, and kept_results is how many"
                " others stay",
                *(self.store.queue, outcomes, settings.retention_s, settings.kept_results),
            )
            self._has_told_of_loss = True

    def _count_reaped(self, reaped: Reaped) -> None:
        tally, queue = self.context.tally, self.store.queue
        for _task_id, status in reaped.tasks:
            if status is not Status.LOST:
                tally.add(queue, AttemptEnd.LEASE_EXPIRED, 1)
            if status in _ENDED_BY_REAPING:
                tally.add(queue, _ENDED_BY_REAPING[status], 1)

    def _log_reaped(self, reaped: Reaped) -> None:
        if len(reaped.tasks) > NAMED:
            tasks = counted(len(reaped.tasks), "task")
            log.warning("%s of queue %s taken from workers that are gone", tasks, self.store.queue)
            return
        for task_id, status in reaped.tasks:
            log_taken_back(self.store.queue, task_id, status)


def log_taken_back(queue: str, task_id: str, status: Status) -> None:
    """Log what became of a task whose worker is gone."""
    if status is Status.QUARANTINED:
        log.error("task %s of queue %s is dead: its worker is gone, as others were that ran it", task_id, queue)
    elif status is Status.NOT_AGAIN:
        log.error("task %s of queue %s is lost: it may start only once, and its worker is gone", task_id, queue)
    elif status is not Status.LOST:
        log.warning("task %s of queue %s: its worker is gone; %s", task_id, queue, status.lower())


def quarantine_failure(crash_limit: int) -> bytes:
    """The encoded failure of a task that is dead because processes died while they ran it."""
    return encode_failure(
        Failure(
            name="",
            error=f"{counted(crash_limit, 'worker process', 'worker processes')} died under it",
            reason=DeathReason.QUARANTINED,
        )
    )
