"""Numbered claims to one shard. If a reply is lost, the same number is sent again and the server answers with the same
tasks. The stream also records until when each lease can be trusted.
"""

import math
from collections.abc import Sequence

from redisched.codec import DIGEST_BYTES
from redisched.engine.leased_task import LeasedTask
from redisched.engine.service import RetryState, ShardBackoff
from redisched.engine.window import LARGEST_CLAIM
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerRefused
from redisched.keys import shard_name
from redisched.model import band_of, score_of
from redisched.store.operation import AsyncClient, run_async
from redisched.store.store import Store
from redisched.store.values import ClaimRequest

AHEAD = 32
"""A claim takes at most so many tasks that are not yet due, because it reads that many tasks more."""
LOOK_AGAIN_S = 0.02
"""While other shards have due tasks, a shard that had none is not asked again for so long. Tasks may wait as long in a
window.
"""


class ClaimStream:
    """The claims that one service of a worker sends to one shard.

    `next_due_ms` is when the next task of the shard falls due, None if none is known. `leaves_due` tells whether more
    tasks were due than the latest claim took. `news_s` is the monotonic moment of the latest news about the shard.
    """

    def __init__(self, context: WorkerContext, store: Store, name: str) -> None:
        self.store = store
        self.next_due_ms: int | None = None
        self.leaves_due = False
        self.news_s = -math.inf
        self._context = context
        self._name = name
        service = f"claimer of {shard_name(store.queue, store.shard)}"
        self.shard_backoff = ShardBackoff(
            RetryState(service, context.worker_settings.reconnect_backoff, context.random)
        )
        self._number = next(context.claim_numbers)
        self._first_sent_s: float | None = None

    @property
    def is_unanswered(self) -> bool:
        """Whether the latest request got no reply. The server may have executed it."""
        return self._first_sent_s is not None

    @property
    def may_have_something(self) -> bool:
        """Whether tasks are due, will be due at a known moment, or nothing is known yet about the shard."""
        return self.leaves_due or self.is_unanswered or self.next_due_ms is not None or self.news_s == -math.inf

    def is_quiet(self, news_after_s: float, horizon_ms: float) -> bool:
        """Whether the latest news, which must be newer than `news_after_s`, said that nothing is due, and nothing will
        fall due until `horizon_ms`.
        """
        if self.leaves_due or self.is_unanswered or self.news_s <= news_after_s:
            return False
        return self.next_due_ms is None or self.next_due_ms > horizon_ms

    def take_over(self, other: "ClaimStream") -> None:
        """Take over what another stream of the same shard was told."""
        self.next_due_ms, self.leaves_due, self.news_s = other.next_due_ms, other.leaves_due, other.news_s

    def take_report(self, next_due_ms: int | None, now_ms: int) -> bool:
        """Take over what a survey saw. Answers whether a task is due, or falls due sooner than was known."""
        is_sooner = next_due_ms is not None and (self.next_due_ms is None or next_due_ms < self.next_due_ms)
        self.next_due_ms, self.news_s = next_due_ms, self._context.clock.monotonic()
        self.leaves_due = next_due_ms is not None and next_due_ms <= now_ms
        return is_sooner or self.leaves_due

    async def claim(self, limit: int, client: AsyncClient) -> list[LeasedTask]:
        """Lease up to `limit` due tasks, and tasks that fall due soon."""
        context = self._context
        sent_s = context.clock.monotonic()
        first_sent_s = self._first_sent_s
        self._first_sent_s = sent_s if first_sent_s is None else first_sent_s
        try:
            claim = await run_async(self.store.claim(self._request(min(limit, LARGEST_CLAIM))), client)
        except BrokerRefused:
            context.refused_claims.add(self.store)
            raise
        received_s = context.clock.monotonic()
        context.refused_claims.discard(self.store)
        context.contact()
        context.server_clock.observe(sent_s, received_s, claim.now_us)
        # A request that waited for a wake-up was granted later than it was sent. A request that was repeated may have
        # been granted when it was sent for the first time.
        granted_s = first_sent_s or max(sent_s, context.server_clock.earliest_monotonic_at(claim.now_us))
        self._first_sent_s = None
        self._number = next(self._context.claim_numbers)
        self.next_due_ms = claim.next_due_ms
        self.leaves_due = claim.next_due_ms is not None and claim.next_due_ms * 1000 <= claim.now_us
        self.news_s = received_s
        trusted_until_s = context.trusted_until_s(granted_s)
        if received_s - granted_s > context.worker_settings.heartbeat_s:
            # The reply was repeated or read late. A task that starts now must not lose its lease before the lease
            # renewer's next round.
            trusted_until_s -= context.worker_settings.heartbeat_s
        store, worker = self.store, context.worker
        tasks = [
            LeasedTask(lease, store.queue, worker, granted_s, trusted_until_s, store.shard) for lease in claim.leases
        ]
        if len(context.stores) > 1:
            queue_up(tasks, claim.now_us // 1_000)
        return tasks

    def _request(self, limit: int) -> ClaimRequest:
        window_ms = self._context.worker_settings.window_ms
        return ClaimRequest(
            worker=self._context.worker,
            nonce=f"{self._name}.{self._number}" if self._name else str(self._number),
            limit=limit,
            ahead_ms=round(window_ms),
            ahead_limit=min(limit, AHEAD) if window_ms else 0,
            lease_ms=self._context.lease_ms,
            longest_record=self._context.settings.payload_limit + DIGEST_BYTES,
        )


def queue_up(tasks: Sequence[LeasedTask], now_ms: int) -> None:
    """Order the due tasks of a claim behind tasks of the same priority that were claimed before.

    Without this, the tasks of a shard with younger tasks would wait in the window behind those of a shard with older
    tasks, claim after claim, until they are given back.
    """
    for turn, task in enumerate(tasks):
        moved = score_of(band_of(task.lease.score), now_ms)
        if task.lease.score < moved:
            task.order, task.turn = moved, f"{turn:04}"
