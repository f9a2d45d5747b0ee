"""Claims the best due task of all queues, and tells when the next one is due."""

from collections.abc import Iterator
from itertools import count

from redisched.client.connection import Connection
from redisched.engine.leased_task import LeasedTask
from redisched.engine.worker_context import WorkerContext
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import run
from redisched.store.page import Query
from redisched.store.store import Store
from redisched.store.survey import in_calls, survey
from redisched.store.values import ClaimRequest, ExpireRequest, ForgetLimits, Lease
from redisched.testing.virtual_time import VirtualTime

LEASE_MS = 10**12
"""Longer than any test: nobody else could take the task, so that no lease has to be renewed."""
BATCH = 1_000
EXPIRE_AGAIN_MS = 1_000


class TaskSource:
    """The queues of an application during one test: those of its handlers, and those in which it has enqueued."""

    def __init__(self, connection: Connection, broker: Broker, context: WorkerContext, time: VirtualTime) -> None:
        self._connection = connection
        self._broker = broker
        self._context = context
        self._time = time
        self._client = broker.client()
        self._nonces = count(1)

    def claim(self) -> tuple[LeasedTask | None, int | None]:
        """Claim the best due task. If none is due, it is None, and the other one is when the next will be due, in
        milliseconds of the server's time; None for never.
        """
        later: list[int] = []
        for store in self._best_first(later):
            while True:
                claim = run(store.claim(self._request()), self._client)
                if claim.leases:
                    return self._leased(store, claim.leases), None
                if claim.next_due_ms is None or claim.next_due_ms > self._time.now_ms:
                    break
            if claim.next_due_ms is not None:
                later.append(claim.next_due_ms)
        return None, min(later, default=None)

    def expire(self) -> int:
        """End the tasks that may not start any more; answers how many."""
        request = ExpireRequest(limit=BATCH, lease_ms=EXPIRE_AGAIN_MS)
        return sum(run(store.expire(request), self._client).tasks for store in self.stores())

    def forget(self) -> None:
        """Forget the ended tasks whose retention is over."""
        settings = self._context.settings
        limits = ForgetLimits(
            limit=BATCH, dead_retention_ms=round(settings.dead_retention_s * 1e3), kept=settings.kept_results
        )
        for store in self.stores():
            while run(store.forget(limits), self._client).tasks >= BATCH:
                pass

    def stores(self) -> list[Store]:
        """All shards of these queues."""
        shard_maps = self._connection.shard_maps
        queues = dict.fromkeys((*self._context.registry.queues(), *shard_maps.queues()))
        stores = [
            self._connection.store(queue, shard) for queue in queues for shard in range(shard_maps.last(queue).shards)
        ]
        self._context.stores.update({(store.queue, store.shard): store for store in stores})
        return stores

    def _best_first(self, later: list[int]) -> Iterator[Store]:
        """The shards that have due tasks, the one with the best first; when others have some is added to `later`."""
        stores = self.stores()
        if len(stores) == 1:
            return iter(stores)
        due: list[Store] = []
        for together in in_calls(stores, self._broker.group_of):
            reports = run(survey(self._broker.script_runner, self._context.worker, together), self._client)
            for store, report in zip(together, reports, strict=True):
                if report.next_due_ms is not None and report.next_due_ms <= self._time.now_ms:
                    due.append(store)
                elif report.next_due_ms is not None:
                    later.append(report.next_due_ms)
        return iter(due if len(due) <= 1 else sorted(due, key=self._best_place))

    def _best_place(self, store: Store) -> tuple[int, str]:
        """Where the best due task of a shard stands among those of all."""
        inspector = ShardInspector(self._broker.script_runner, store.queue, store.shard)
        page = run(inspector.page(Query(states={TaskState.READY}, limit=1)), self._client)
        return min(((place.score, place.id) for place, _ in page.tasks), default=(0, ""))

    def _request(self) -> ClaimRequest:
        return ClaimRequest(
            worker=self._context.worker,
            nonce=str(next(self._nonces)),
            limit=1,
            ahead_ms=0,
            ahead_limit=0,
            lease_ms=LEASE_MS,
        )

    def _leased(self, store: Store, leases: list[Lease]) -> LeasedTask:
        (lease,) = leases
        now_s = self._time.monotonic()
        return LeasedTask(lease, store.queue, self._context.worker, now_s, float("inf"), store.shard)
