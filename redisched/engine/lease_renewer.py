"""Renews leases. The answers tell which leases are lost and which tasks are to be cancelled; their handlers are
interrupted.

A round is an operation, so it depends on no thread and no connection.
"""

from collections import defaultdict
from collections.abc import Callable

from redisched.engine.leased_task import LeasedTask
from redisched.engine.progress_check import ProgressCheck
from redisched.engine.service import RetryState
from redisched.engine.watchdog import Watchdog
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError, CancelRequested, Interruption, LeaseLost
from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.values import BLAMELESS, Renewal, Status

BATCH = 500
"""One script call renews at most so many leases."""

LOOK_S = 0.45
"""The longest time between two looks for cancellations while tasks are in flight. A heartbeat takes up to twice this
time, and a task is first renewed a heartbeat after its claim.
"""

Interrupt = Callable[[LeasedTask, type[Interruption]], object]
"""Interrupts the handler of a task, in the thread of the event loop."""


class LeaseRenewer:
    """Renews the lease of every task that was claimed more than a heartbeat ago, once in a heartbeat.

    Between two rounds it asks each shard that has tasks in flight whether a cancellation is requested there. That is
    one cheap command, and none for an idle worker. If there is a request, all leases of the shard are renewed at once,
    because the answer tells which of the tasks are to be cancelled. So handlers are told within a second.
    """

    def __init__(
        self,
        context: WorkerContext,
        interrupt: Interrupt,
        watchdog: Watchdog,
        progress_check: ProgressCheck | None = None,
    ) -> None:
        self._context = context
        self._interrupt = interrupt
        self._watchdog = watchdog
        self._progress_check = progress_check
        self._retry_state = RetryState("lease renewer", context.worker_settings.reconnect_backoff, context.random)
        self._is_stopping = False
        self._round_due_s = 0.0

    @property
    def heartbeat_s(self) -> float:
        """Seconds between two rounds, and before the first."""
        return self._context.worker_settings.heartbeat_s

    def worker_stops(self) -> None:
        """Call when the worker begins to stop. If the process is killed from now on, that does not count as a crash of
        the tasks that still run.
        """
        self._is_stopping = True

    def step(self) -> Operation[float]:
        """Renew the leases, or look for cancellations if that is not due yet; answers how long to wait, in seconds."""
        clock = self._context.clock
        if clock.monotonic() >= self._round_due_s:
            delay_s = yield from self._round()
            self._round_due_s = clock.monotonic() + delay_s
        yield from self._look_for_cancellations()
        return min(LOOK_S, max(0.0, self._round_due_s - clock.monotonic()))

    def _round(self) -> Operation[float]:
        """Renew the leases, and check for handlers that should have ended and for progress; answers when the next
        round is due, in seconds.
        """
        self._context.started.note_alive(self._context.clock.monotonic())
        unanswered = yield from self._renew_all()
        try:
            yield from self._watchdog.step()
            if self._progress_check is not None:
                yield from self._progress_check.step()
        except BrokerError as error:
            unanswered = error
        if unanswered is not None:
            # The leases in shards that did answer have to be renewed again after a heartbeat.
            return min(self.heartbeat_s, self._retry_state.failed(unanswered))
        self._retry_state.ended()
        return self.heartbeat_s

    def _look_for_cancellations(self) -> Operation[None]:
        """Renew every lease of the shards in which a cancellation is requested. The next round reports a Redis that
        does not answer.
        """
        by_store: dict[Store, list[LeasedTask]] = defaultdict(list)
        for task in self._context.in_flight:
            by_store[self._context.store_of(task)].append(task)
        try:
            for store, tasks in by_store.items():
                if (yield ("EXISTS", store.keys.cancelling)):
                    yield from self._renew(store, tasks)
        except BrokerError:
            return

    def _renew_all(self) -> Operation[BrokerError | None]:
        """Renew in every shard; answers the error of a shard that did not answer, None if all did."""
        context = self._context
        claimed_before_s = context.clock.monotonic() - self.heartbeat_s
        by_store: dict[Store, list[LeasedTask]] = defaultdict(list)
        for task in context.in_flight:
            if task.claimed_s <= claimed_before_s:
                by_store[context.store_of(task)].append(task)
        unanswered = None
        for store, tasks in by_store.items():
            try:
                yield from self._renew(store, tasks)
            except BrokerError as error:
                unanswered = error
        return unanswered

    def _renew(self, store: Store, tasks: list[LeasedTask]) -> Operation[None]:
        for first in range(0, len(tasks), BATCH):
            yield from self._renew_batch(store, tasks[first : first + BATCH])

    def _renew_batch(self, store: Store, batch: list[LeasedTask]) -> Operation[None]:
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
                self._interrupt_handler(task, LeaseLost)
                continue
            task.trusted_until_s = context.trusted_until_s(sent_s)
            if status is Status.CANCELLING and not task.cancelling:
                task.cancelling = True
                self._interrupt_handler(task, CancelRequested)

    def _interrupt_handler(self, task: LeasedTask, kind: type[Interruption]) -> None:
        self._watchdog.note_interruption(task, kind)
        self._interrupt(task, kind)
