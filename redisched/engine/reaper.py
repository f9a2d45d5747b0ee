"""Takes back tasks whose worker is gone, and forgets ended ones. Any worker may; one at a time does.

Whoever reaps the first shard of a queue reaps the others, so that a fleet asks once for all of them.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from redisched.codec import encode_failure
from redisched.engine.logs import log
from redisched.engine.workspace import Workspace
from redisched.errors import BrokerRefused, QueueFull
from redisched.layout import Layout
from redisched.model import DeathReason, Failure
from redisched.store.operation import AsyncClient, run_async
from redisched.store.store import Store
from redisched.store.values import Reaped, ReapOutcome, ReapRequest, Status

BATCH = 50
"""Tasks per call at most: each costs Redis several times what claiming one does."""
NAMED = 10
"""Tasks of a call that are named in the log; of more it tells the number."""
LONGEST_INTERVAL_S = 2.5
GRACE_MS = 4_000
"""After an outage live workers have so long to reach Redis again, at most 2 s apart, and to renew."""
WATCH_S = 4.0
"""Who leaves a queue to another looks so often all the same: whether it has grown."""
FORGET_EVERY_S = 10.0
FORGET_BATCH = 1_000


@dataclass(slots=True)
class Reaper:
    """Reaps and forgets in one shard. A lease that ends is noticed when it ends, not an interval later.

    `first` is the reaper of the queue's first shard, None for itself. `on_layout` is told the layout of the queue.
    """

    workspace: Workspace
    store: Store
    client: AsyncClient
    on_layout: Callable[[Layout], None]
    first: "Reaper | None" = None
    forgot_s: float = 0.0
    is_elsewhere: bool = True
    """Whether another worker has this post, as far as this one knows."""

    @property
    def interval_s(self) -> float:
        """Between calls. A worker that reaps is left alone for three of them after its last, and a pause of six counts
        as an outage. The keeper leaves a lease at least the time that is reckoned with here, so none can end in an
        outage that does not count as one.
        """
        settings = self.workspace.worker_settings
        longest_s = LONGEST_INTERVAL_S * self.workspace.stretch(self.store.queue)
        return min(longest_s, 0.15 * (settings.lease_s - 2 * settings.heartbeat_s))

    async def step(self) -> float:
        """Reap once if it is this worker's turn; answers how long to wait, in seconds."""
        workspace = self.workspace
        if self.first is not None and self.first.is_elsewhere:
            self.is_elsewhere = True
            return self.interval_s
        try:
            reaped = await run_async(self.store.reap(self._request()), self.client)
        except BrokerRefused:
            # Keys that only the reaper needs may be of another type: no reason for nobody to scrub.
            self.is_elsewhere = False
            raise
        self.is_elsewhere = reaped.outcome is ReapOutcome.BUSY
        self.on_layout(reaped.layout)
        until_s = self.interval_s if reaped.until_ms is None else max(0.02, (reaped.until_ms - reaped.now_ms) / 1e3)
        if self.is_elsewhere:
            return min(until_s + self.interval_s * workspace.random(), WATCH_S - workspace.random())
        if reaped.outcome is ReapOutcome.GRACE:
            return min(self.interval_s, until_s)
        self._report(reaped)
        if workspace.clock.monotonic() - self.forgot_s >= FORGET_EVERY_S * workspace.stretch(self.store.queue):
            await self._forget()
        return 0.0 if len(reaped.tasks) == BATCH else min(self.interval_s, until_s)

    def _request(self) -> ReapRequest:
        settings = self.workspace.worker_settings
        return ReapRequest(
            worker=self.workspace.worker,
            hold_ms=round(3e3 * self.interval_s),
            grace_ms=GRACE_MS,
            limit=BATCH,
            crash_limit=settings.crash_limit,
            failure=quarantine_failure(settings.crash_limit),
            lease_ms=self.workspace.lease_ms,
        )

    async def _forget(self) -> None:
        dead_retention_ms = round(self.workspace.settings.dead_retention_s * 1e3)
        while await run_async(self.store.forget(FORGET_BATCH, dead_retention_ms), self.client) >= FORGET_BATCH:
            pass
        self.forgot_s = self.workspace.clock.monotonic()
        if self.first is not None:
            return
        # After a loss of data nobody else would make the queue known again.
        with contextlib.suppress(QueueFull):
            await run_async(self.store.register(), self.client)

    def _report(self, reaped: Reaped) -> None:
        if len(reaped.tasks) > NAMED:
            log.warning("%d tasks of queue %s: their workers are gone", len(reaped.tasks), self.store.queue)
            return
        for task_id, status in reaped.tasks:
            log_taken_back(self.store.queue, task_id, status)


def log_taken_back(queue: str, task_id: str, status: Status) -> None:
    """Say what became of a task whose worker is gone."""
    if status is Status.QUARANTINED:
        log.error("task %s of queue %s is dead: its worker is gone, as others were that ran it", task_id, queue)
    elif status is not Status.LOST:
        log.warning("task %s of queue %s: its worker is gone; %s", task_id, queue, status.lower())


def quarantine_failure(crash_limit: int) -> bytes:
    """What is kept with a task under which processes died too often."""
    return encode_failure(
        Failure(name="", error=f"{crash_limit} worker processes died under it", reason=DeathReason.QUARANTINED)
    )
