"""Finds tasks that are in two places or in none, and repairs them. The worker that reaps a queue also scrubs it.

No edge of the state machine leaves a task like that, and no other code looks for it. It happens when keys are evicted,
restored one by one or changed by hand. Without a scrubber such a task would never run, and nobody would know.
"""

import asyncio

from redisched.clock import Clock
from redisched.codec import encode_failure
from redisched.config import Eviction
from redisched.engine.check import check_server
from redisched.engine.logs import log
from redisched.engine.reaper import Reaper
from redisched.engine.service import FOREVER_S
from redisched.engine.worker_context import WorkerContext
from redisched.model import DeathReason, Failure, Priority
from redisched.store.broker import AsyncBrokerClient
from redisched.store.operation import run_async
from redisched.store.repair import SOUND, Repair, Scrubbed, ScrubRequest
from redisched.store.store import Store

SHALLOW: tuple[str, ...] = (
    *("waiting", "held", "dead", "finished", "tries", "failures", "cancelling", "traits", "expiring", "watched"),
    *("checkpoints", "unique", "successors", "reports"),
)
"""The keys that a pass reads while the sizes of all keys agree. The others hold large values, or have an entry for each
entry of one of these.
"""
DEEP: tuple[str, ...] = (*SHALLOW, "leases", "outcomes", "tasks")
"""The keys that a pass reads if the sizes do not agree: all of them."""

BATCH = 200
"""About so many tasks are read per call. That takes Redis 2 ms if there is nothing to repair."""
DEEP_BATCH = 100
"""The same for a pass over all keys. If every task is damaged, a call takes Redis 3 ms."""
PASS_EVERY_S = 10.0
CALL_EVERY_S = 1.0
"""Seconds between two calls of one pass, if the queue is too large for one call."""
DEEP_CALL_EVERY_S = 0.02
POLICY_EVERY_S = 60.0

NO_RECORD = encode_failure(Failure(name="", error="its record is gone from Redis", reason=DeathReason.RECORD_LOST))
NO_FAILURE = encode_failure(Failure(name="", error="its failure is gone from Redis", reason=DeathReason.UNKNOWN))


class PolicyWatch:
    """Logs a warning if the eviction policy of Redis is changed, while a worker runs, so that tasks may be evicted."""

    def __init__(self, clock: Clock, client: AsyncBrokerClient) -> None:
        self._clock = clock
        self._client = client
        self._looked_s = clock.monotonic()

    async def look(self) -> None:
        """Check the policy, but only if the last check was POLICY_EVERY_S ago."""
        now_s = self._clock.monotonic()
        if now_s - self._looked_s >= POLICY_EVERY_S:
            self._looked_s = now_s
            await check_server(self._client, Eviction.ALLOW)


class Scrubber:
    """Scrubs one shard, pass after pass, a few tasks at a time."""

    def __init__(
        self, context: WorkerContext, store: Store, client: AsyncBrokerClient, reaper: Reaper, policy: PolicyWatch
    ) -> None:
        self._context = context
        self._store = store
        self._client = client
        self._reaper = reaper
        self._policy = policy
        self._is_at_rest = False
        self.changed = asyncio.Event()
        self._pass = SHALLOW
        self._parts = self._pass
        self._cursor = "0"
        self._known = SOUND

    def reaper_changed(self) -> None:
        """Wake up if the reaper of the shard is needed again."""
        if self._is_at_rest and self._reaper.is_needed:
            self.changed.set()

    async def step(self) -> float:
        """Scrub a few tasks if this worker reaps the shard; answers how long to wait, in seconds."""
        if self._reaper.is_elsewhere:
            self._is_at_rest = not self._reaper.is_needed
            return FOREVER_S if self._is_at_rest else CALL_EVERY_S
        await self._policy.look()
        scrubbed = await run_async(self._store.scrub(self._request()), self._client)
        self._context.contact()
        for task_id, repair in scrubbed.repairs:
            log.warning("task %s of queue %s was damaged: %s", task_id, self._store.queue, SENTENCES[repair])
        return self._go_on(scrubbed)

    def _go_on(self, scrubbed: Scrubbed) -> float:
        self._parts, self._cursor = scrubbed.parts, scrubbed.cursor
        if self._pass is DEEP:
            if self._parts:
                return DEEP_CALL_EVERY_S
            # What is still out of balance cannot be repaired now, such as a running task whose record is gone.
            self._known = scrubbed.balance
            self._begin(SHALLOW)
        elif scrubbed.balance != self._known:
            self._begin(DEEP)
            return DEEP_CALL_EVERY_S
        elif self._parts:
            return CALL_EVERY_S
        else:
            self._begin(SHALLOW)
        return PASS_EVERY_S * self._context.idle_factor

    def _begin(self, parts: tuple[str, ...]) -> None:
        self._pass = self._parts = parts
        self._cursor = "0"

    def _request(self) -> ScrubRequest:
        context = self._context
        return ScrubRequest(
            parts=self._parts,
            cursor=self._cursor,
            limit=DEEP_BATCH if self._pass is DEEP else BATCH,
            lease_ms=context.lease_ms,
            retention_ms=round(context.settings.retention_s * 1e3),
            priority=int(Priority.NORMAL),
            no_record=NO_RECORD,
            no_failure=NO_FAILURE,
        )


SENTENCES = {
    Repair.RECORD_LOST: "its record is gone, so it is dead and cannot run",
    Repair.PLACE_LOST: "it was in no place, so it waits to run now",
    Repair.LEASE_LOST: "it was held without a lease, so it was given one",
    Repair.HOLDER_LOST: "nobody held it under its lease, so the lease was removed",
    Repair.OUTCOME_LOST: "it had ended and its outcome is gone, so it is forgotten",
    Repair.EXPIRY_LOST: "its outcome would have stayed for ever, so it was given a time to be forgotten",
    Repair.DEADLINE_LOST: "its expires or deadline was not watched any more, so it is watched again",
    Repair.KEY_LOST: "nobody held its unique key, so it does",
    Repair.FAILURE_LOST: "it was dead without a reason, so it was given one that says so",
    Repair.TWICE: "it was in two places, so it was taken out of the earlier one",
    Repair.STRAY: "something of an earlier time was left of it, so that was removed",
    Repair.UNREADABLE: "something that is kept of it could not be read, so that was removed",
    Repair.CANCELLED: "nobody held it and its cancellation had been asked for, so it is cancelled",
}
"""What the log says of each repair."""
