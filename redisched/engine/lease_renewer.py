"""Renews leases, and learns thereby which are lost and which tasks shall be cancelled; their handlers are told.

A round is an operation: it neither knows the thread in which it runs nor the connection it goes through.
"""

from collections import defaultdict
from collections.abc import Callable

from redisched.engine.leased_task import LeasedTask
from redisched.engine.service import RetryState
from redisched.engine.watchdog import Watchdog
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError, CancelRequested, Interruption, LeaseLost
from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.values import BLAMELESS, Renewal, Status

BATCH = 500
"""Renewals per script call at most."""

Tell = Callable[[LeasedTask, type[Interruption]], object]
"""Passes an interruption on to the thread in which the handler of a task is looked after."""


class LeaseRenewer:
    """Keeps the leases of everything held for longer than a heartbeat."""

    def __init__(self, context: WorkerContext, tell: Tell, watchdog: Watchdog) -> None:
        self._context = context
        self._tell = tell
        self._watchdog = watchdog
        self._retry_state = RetryState("lease renewer", context.worker_settings.reconnect_backoff, context.random)
        self._is_stopping = False

    @property
    def heartbeat_s(self) -> float:
        """Between rounds, and before the first."""
        return self._context.worker_settings.heartbeat_s

    def worker_stops(self) -> None:
        """Whoever is impatient may kill the host from now on: that shall not be held against what still runs."""
        self._is_stopping = True

    def step(self) -> Operation[float]:
        """Renew what is due for it, and look after what should have ended; answers how long to wait, in seconds."""
        self._context.started.sign(self._context.clock.monotonic())
        unanswered = yield from self._renew_all()
        try:
            yield from self._watchdog.step()
        except BrokerError as error:
            unanswered = error
        if unanswered is not None:
            # What other shards were asked for has to be asked for in time again.
            return min(self.heartbeat_s, self._retry_state.failed(unanswered))
        self._retry_state.ended()
        return self.heartbeat_s

    def _renew_all(self) -> Operation[BrokerError | None]:
        """Renew in every shard; answers why one did not answer."""
        context = self._context
        claimed_before_s = context.clock.monotonic() - self.heartbeat_s
        by_store: dict[Store, list[LeasedTask]] = defaultdict(list)
        for task in context.in_flight:
            if task.claimed_s <= claimed_before_s:
                by_store[context.store_of(task)].append(task)
        unanswered = None
        for store, tasks in by_store.items():
            try:
                for first in range(0, len(tasks), BATCH):
                    yield from self._renew(store, tasks[first : first + BATCH])
            except BrokerError as error:
                unanswered = error
        return unanswered

    def _renew(self, store: Store, batch: list[LeasedTask]) -> Operation[None]:
        context = self._context
        sent_s = context.clock.monotonic()
        renewals = [
            Renewal(task.lease.id, task.lease.token, BLAMELESS if self._is_stopping else task.started_ms)
            for task in batch
        ]
        statuses = yield from store.renew(context.lease_ms, renewals)
        context.contact()
        for task, status in zip(batch, statuses, strict=True):
            if status is Status.LOST:
                task.trusted_until_s = 0.0
                self._end(task, LeaseLost)
                continue
            task.trusted_until_s = context.trusted_until_s(sent_s)
            if status is Status.CANCELLING and not task.cancelling:
                task.cancelling = True
                self._end(task, CancelRequested)

    def _end(self, task: LeasedTask, kind: type[Interruption]) -> None:
        self._watchdog.told(task, kind)
        self._tell(task, kind)
