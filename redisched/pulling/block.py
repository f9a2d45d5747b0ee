"""One block of `app.claim`: the leases that it got, which are renewed until they are settled or the block ends."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from redisched.clock import Clock
from redisched.conversion.conversion import WrongArguments
from redisched.counted import counted
from redisched.engine import completion
from redisched.engine.attempt import Attempt, AttemptPolicy
from redisched.engine.completion import Completion, Settlement
from redisched.engine.leased_task import InFlight, LeasedTask
from redisched.engine.logs import log
from redisched.engine.note_start import noting_start
from redisched.engine.retrying import decide
from redisched.engine.runtime import RunningRenewer
from redisched.engine.settler import REFUSALS, edge_of
from redisched.engine.task_log import log_about
from redisched.errors import BrokerError
from redisched.model import TaskState
from redisched.pulling.held_task import HeldTask
from redisched.pulling.keeping import keep_leased
from redisched.pulling.puller import Puller
from redisched.pulling.waiting import wait_for_task
from redisched.store.operation import Operation, with_retries
from redisched.store.store import Store
from redisched.store.values import Ack, Bury, FailedAttempt, Release, Renewal, SnoozedTask, Status

_STATES = {
    Status.ACKED: TaskState.SUCCEEDED,
    Status.RETRIED: TaskState.RETRYING,
    Status.SNOOZED: TaskState.SCHEDULED,
    Status.RELEASED: TaskState.READY,
    Status.BURIED: TaskState.DEAD,
    Status.CANCELLED: TaskState.CANCELLED,
    Status.NOT_AGAIN: TaskState.LOST,
}
_REPEATED: dict[type[Settlement], TaskState] = {
    Ack: TaskState.SUCCEEDED,
    FailedAttempt: TaskState.RETRYING,
    Bury: TaskState.DEAD,
}
"""The state of a task that was settled before with the same token, so that only the reply was lost."""


class _InFlight(InFlight):
    """The leases to renew. One that was extended is left out until a renewal would not shorten it."""

    def __init__(self, clock: Clock, lease_s: float) -> None:
        super().__init__()
        self._clock = clock
        self._lease_s = lease_s

    def __iter__(self) -> Iterator[LeasedTask]:
        trusted_s = self._clock.monotonic() + self._lease_s
        return (task for task in super().__iter__() if task.trusted_until_s <= trusted_s)


class Block:
    """Claims once, and holds what it got until it ends. `lock` guards who settles a lease."""

    def __init__(self, puller: Puller) -> None:
        self.puller = puller
        common = puller.context
        self.context = replace(common, in_flight=_InFlight(common.clock, common.worker_settings.lease_s))
        self.lock = threading.Lock()
        self.has_ended = False
        self._policy = AttemptPolicy(self.context)
        self._held: list[HeldTask] = []
        self._renewing: RunningRenewer | None = None

    def begin(self, limit: int, wait_s: float) -> Operation[list[HeldTask]]:
        """Claim up to `limit` tasks. Waits so long for the first, if none is due. Raises BrokerError."""
        monotonic = self.context.clock.monotonic
        until_s = monotonic() + wait_s
        while True:
            leased, next_due_ms = yield from self.puller.claim(limit)
            for task in leased:
                self.context.in_flight.add(task)
            yield from self._take_in(leased, limit)
            if self._held:
                self._renewing = keep_leased(self.context, self.puller, self.note_lost)
                return self._held
            left_s = until_s - monotonic()
            if leased:
                continue
            if left_s <= 0 or self.puller.caller.virtual_clock is not None:
                return []
            yield from wait_for_task(self.puller, left_s, next_due_ms)

    def end(self) -> Operation[None]:
        """Give back what was not settled. A Redis that does not answer keeps those leased until their leases end."""
        with self.lock:
            self.has_ended = True
            left = [held for held in self._held if not held.settled_by]
        for held in left:
            if held.is_lost:
                log_about(*REFUSALS[Status.LOST][:1], held.leased, "has lost its lease to another worker")
        yield from self._settle_all([completion.released(held.leased) for held in left if not held.is_lost])

    def stop(self) -> None:
        """Renew nothing any more. Call after `end`."""
        if self._renewing is not None:
            self._renewing.stop()

    def settle(self, settled: Completion) -> Operation[TaskState | None]:
        """Settle a task; answers its state then, None if its lease is lost. Raises BrokerError."""
        settlement = settled.settlement
        assert settlement is not None
        kind, store = type(settlement), self.context.store_of(settled.task)
        edge, tries = edge_of(store, kind), 0

        def settle_once() -> Operation[list[Status]]:
            nonlocal tries
            tries += 1
            return edge([settlement])

        (status,) = yield from with_retries(settle_once, self.puller.caller.retry_policy())
        self.context.in_flight.remove(settled.task)
        if status is Status.ALREADY:
            return _REPEATED[kind]
        if status is Status.LOST and tries > 1 and kind in (Release, SnoozedTask):
            # The try before had given it back, and only the reply was lost.
            status = Status.RELEASED
        if status is Status.RELEASED and _is_for_later(settlement):
            return TaskState.SCHEDULED
        return _STATES.get(status)

    def extend(self, task: LeasedTask, lease_ms: int) -> Operation[Status]:
        """Let a lease end so long from now, or as long as the block's leases, if that is longer: RENEWED, CANCELLING
        or LOST.
        """
        context, store = self.context, self.context.store_of(task)
        if lease_ms > context.lease_ms:
            yield from self.puller.announce(store, lease_ms)
        lease_ms = max(lease_ms, context.lease_ms)
        sent_s = context.clock.monotonic()
        renewals = [Renewal(task.lease.id, task.lease.token, task.started_ms)]
        renew = lambda: store.renew(lease_ms, renewals)  # noqa: E731
        (status,) = yield from with_retries(renew, self.puller.caller.retry_policy())
        if status is not Status.LOST:
            task.trusted_until_s = sent_s + 0.9 * lease_ms / 1e3
        task.cancelling = task.cancelling or status is Status.CANCELLING
        return status

    def is_over(self, task: LeasedTask) -> bool:
        """Whether a lease was not renewed in time. In a test's virtual time no lease ends."""
        is_virtual = self.puller.caller.virtual_clock is not None
        return not is_virtual and self.context.clock.monotonic() >= task.trusted_until_s

    def note_lost(self, task: LeasedTask) -> None:
        """Note that a lease is lost. Safe from any thread."""
        self.context.in_flight.remove(task)
        for held in self._held:
            if held.leased is task:
                held.is_lost = True

    def _take_in(self, leased: Sequence[LeasedTask], limit: int) -> Operation[None]:
        """Hold the tasks that may start, and settle the others. Of tasks under which a process died, only one is taken,
        so that no other one is blamed if it kills this process.
        """
        settled: list[Completion] = []
        suspects = 0
        for task in leased:
            suspects += task.is_suspect
            if len(self._held) == limit or (task.is_suspect and suspects > 1):
                settled.append(completion.released(task))
                continue
            admitted = self._policy.admit(task, self.context.clock.monotonic())
            taken = admitted if isinstance(admitted, Completion) else (yield from self._hold(admitted))
            if taken is not None:
                settled.append(taken)
        yield from self._settle_all(settled)

    def _hold(self, attempt: Attempt) -> Operation[Completion | None]:
        """Hold a task; if it may not start, answers its completion."""
        task = attempt.task
        try:
            args, kwargs = attempt.entry.arguments_of(task.body)
        except WrongArguments as error:
            decision = decide(attempt.entry, error, task.lease.attempts + 1, task.max_attempts, self.context.random)
            return completion.failed(task, error, decision, int(self.context.server_now_ms()))
        notes_start = task.is_suspect or attempt.entry.starts_once
        if notes_start and not (yield from noting_start(self.context, attempt)):
            return completion.released(task)
        self._held.append(HeldTask(self, attempt, args, kwargs))
        return None

    def _settle_all(self, settled: Sequence[Completion]) -> Operation[None]:
        """Settle tasks that the program did not settle, and log what was not settled as it says."""
        groups: dict[tuple[Store, type[Settlement]], list[Completion]] = defaultdict(list)
        for one in settled:
            if one.settlement is not None:
                groups[self.context.store_of(one.task), type(one.settlement)].append(one)
        for (store, kind), group in groups.items():
            edge, rows = edge_of(store, kind), [one.settlement for one in group]
            try:
                statuses = yield from with_retries(lambda: edge(rows), self.puller.caller.retry_policy())  # noqa: B023
            except BrokerError as error:
                tasks = f"{counted(len(group), 'task')} of queue {store.queue}"
                log.warning("could not give back %s, which others get when the leases end: %s", tasks, error)
                continue
            for one, status in zip(group, statuses, strict=True):
                self.context.in_flight.remove(one.task)
                if status in REFUSALS:
                    level, said = REFUSALS[status]
                    log_about(level, one.task, said.format(kind.__name__))


def _is_for_later(settlement: Settlement) -> bool:
    """Whether a task that is given back waits for its time."""
    return isinstance(settlement, SnoozedTask) or (isinstance(settlement, Release) and settlement.pause_ms > 0)
