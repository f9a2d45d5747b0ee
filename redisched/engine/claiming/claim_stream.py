"""Numbered claims to one shard. If a reply is lost, the same number is sent again and the server answers with the same
tasks. The stream also records until when each lease can be trusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redisched.codec import DIGEST_BYTES
from redisched.engine.leased_task import LeasedTask
from redisched.engine.window import LARGEST_CLAIM
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerRefused
from redisched.model import band_of, score_of
from redisched.store.operation import AsyncClient, Operation, run_async
from redisched.store.store import Store
from redisched.store.values import Claim, ClaimRequest

AHEAD = 32
"""A claim takes at most so many tasks that are not yet due, because it reads that many tasks more."""


@dataclass(frozen=True, slots=True)
class ClaimReply:
    """The tasks that a claim leased; when the next task of the shard falls due, None if there is none; whether it was
    due already when Redis replied; the monotonic moment at which the reply was received; and whether the shard is
    paused.
    """

    tasks: list[LeasedTask]
    next_due_ms: int | None
    leaves_due: bool
    received_s: float
    is_paused: bool


class ClaimStream:
    """Claims to one shard, one after the other. Redis remembers the latest claim of each stream by its number, so a
    stream never has two claims on the way.
    """

    def __init__(self, context: WorkerContext, store: Store, name: str) -> None:
        self._context = context
        self._store = store
        self._name = name
        self._number = next(context.claim_numbers)
        self._first_sent_s: float | None = None

    @property
    def is_unanswered(self) -> bool:
        """Whether the latest claim has no reply yet, or got none. The server may have executed it."""
        return self._first_sent_s is not None

    async def claim(self, limit: int, client: AsyncClient) -> ClaimReply:
        """Lease up to `limit` due tasks, and tasks that fall due soon. Repeats the latest claim if it got no reply."""
        return await run_async(self.claiming(limit), client)

    def claiming(self, limit: int) -> Operation[ClaimReply]:
        """As `claim`, for any caller."""
        context = self._context
        sent_s = context.clock.monotonic()
        first_sent_s = self._first_sent_s
        self._first_sent_s = sent_s if first_sent_s is None else first_sent_s
        try:
            claim = yield from self._store.claim(self._request(min(limit, LARGEST_CLAIM)))
        except BrokerRefused:
            context.refused_claims.add(self._store)
            raise
        received_s = context.clock.monotonic()
        context.refused_claims.discard(self._store)
        context.contact()
        context.server_clock.observe(sent_s, received_s, claim.now_us)
        # A request that waited for a wake-up was granted later than it was sent. A request that was repeated may have
        # been granted when it was sent for the first time.
        granted_s = first_sent_s or max(sent_s, context.server_clock.earliest_monotonic_at(claim.now_us))
        self._first_sent_s = None
        self._number = next(context.claim_numbers)
        leaves_due = claim.next_due_ms is not None and claim.next_due_ms * 1000 <= claim.now_us
        return ClaimReply(
            self._tasks(claim, granted_s, received_s), claim.next_due_ms, leaves_due, received_s, claim.is_paused
        )

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

    def _tasks(self, claim: Claim, granted_s: float, received_s: float) -> list[LeasedTask]:
        """The tasks of a claim, each with the moment until which its lease is trusted."""
        context, store = self._context, self._store
        trusted_until_s = context.trusted_until_s(granted_s)
        if received_s - granted_s > context.worker_settings.heartbeat_s:
            # The reply was repeated or read late. A task that starts now must not lose its lease before the lease
            # renewer's next round.
            trusted_until_s -= context.worker_settings.heartbeat_s
        tasks = [
            LeasedTask(lease, store.queue, context.worker, granted_s, trusted_until_s, store.shard)
            for lease in claim.leases
        ]
        if len(context.stores) > 1:
            queue_up(tasks, claim.now_us // 1_000)
        return tasks


def queue_up(tasks: Sequence[LeasedTask], now_ms: int) -> None:
    """Order the due tasks of a claim behind tasks of the same priority that were claimed before.

    Without this, the tasks of a shard with younger tasks would wait in the window behind those of a shard with older
    tasks, claim after claim, until they are given back.
    """
    for turn, task in enumerate(tasks):
        moved = score_of(band_of(task.lease.score), now_ms)
        if task.lease.score < moved:
            task.order, task.turn = moved, f"{turn:04}"
