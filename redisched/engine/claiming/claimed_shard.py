"""One shard as the claimer sees it: the streams of its claims, and what is known about its next tasks."""

import math

from redisched.engine.claiming.claim_stream import ClaimStream
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.service import RetryState, ShardBackoff
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.keys import shard_name
from redisched.store.operation import AsyncClient
from redisched.store.store import Store
from redisched.store.survey import ShardReport


class ClaimedShard:
    """A shard from which a worker claims.

    `next_due_ms` is when the next task of the shard falls due, None if none is known. `leaves_due` tells whether more
    tasks were due than the latest claim took. `news_s` is the monotonic moment of the latest news about the shard.
    """

    def __init__(self, context: WorkerContext, store: Store) -> None:
        self.store = store
        self.next_due_ms: int | None = None
        self.leaves_due = False
        self.news_s = -math.inf
        self._is_paused = False
        self._context = context
        service = f"claimer of {shard_name(store.queue, store.shard)}"
        self.shard_backoff = ShardBackoff(
            RetryState(service, context.worker_settings.reconnect_backoff, context.random)
        )
        # A claim that was sent behind a wait may stay on the way for a minute, in which the worker has to claim what
        # falls due without a wake-up. A stream has one claim on the way, so there are two streams.
        self._stream = ClaimStream(context, store, "")
        self._woken_stream = ClaimStream(context, store, "wake")

    @property
    def unanswered(self) -> list[ClaimStream]:
        """The streams whose latest claim has no reply. The server may have executed it."""
        return [stream for stream in (self._stream, self._woken_stream) if stream.is_unanswered]

    @property
    def may_have_something(self) -> bool:
        """Whether tasks are due, will be due at a known moment, or nothing is known yet about the shard."""
        return (
            self.leaves_due
            or self._stream.is_unanswered
            or self.next_due_ms is not None
            or self.shard_backoff.is_failing
            or self.news_s == -math.inf
        )

    def is_quiet(self, news_after_s: float, horizon_ms: float) -> bool:
        """Whether the latest news, which must be newer than `news_after_s`, said that nothing is due, and nothing will
        fall due until `horizon_ms`.
        """
        if self.leaves_due or self._stream.is_unanswered or self.news_s <= news_after_s:
            return False
        return self.next_due_ms is None or self.next_due_ms > horizon_ms

    def take_report(self, report: ShardReport) -> bool:
        """Take in what a survey saw. Answers whether a task is due, or falls due sooner than was known."""
        next_due_ms = report.next_due_ms
        is_sooner = next_due_ms is not None and (self.next_due_ms is None or next_due_ms < self.next_due_ms)
        self.next_due_ms, self.news_s = next_due_ms, self._context.clock.monotonic()
        self.leaves_due = next_due_ms is not None and next_due_ms <= report.now_ms
        return is_sooner or self.leaves_due

    def failed(self, error: BrokerError) -> None:
        """Note that a claim failed, so that this shard is left alone for a while."""
        self.leaves_due = False
        self.shard_backoff.failed(error, self._context.clock.monotonic())

    async def claim(self, limit: int, client: AsyncClient) -> list[LeasedTask]:
        """Lease up to `limit` due tasks, and tasks that fall due soon."""
        return await self._claim(self._stream, limit, client)

    async def claim_woken(self, limit: int, client: AsyncClient) -> list[LeasedTask]:
        """As `claim`, because of a wake-up, or behind a wait for one if the client sends that first."""
        return await self._claim(self._woken_stream, limit, client)

    async def _claim(self, stream: ClaimStream, limit: int, client: AsyncClient) -> list[LeasedTask]:
        reply = await stream.claim(limit, client)
        self.next_due_ms, self.leaves_due, self.news_s = reply.next_due_ms, reply.leaves_due, reply.received_s
        self.shard_backoff.ended()
        if reply.is_paused is not self._is_paused:
            self._note_pause(is_paused=reply.is_paused)
        return reply.tasks

    def _note_pause(self, *, is_paused: bool) -> None:
        """Log once that the queue is paused, or not any more. All of its shards are paused together."""
        self._is_paused = is_paused
        queue = self.store.queue
        if self.store.shard == 0 and is_paused:
            log.warning("queue %s is paused: its tasks wait until: redisched queue resume %s", queue, queue)
        elif self.store.shard == 0:
            log.info("queue %s is not paused any more", queue)
