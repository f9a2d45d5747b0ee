"""Decides whether a leased task may start, with which timeout and retention, and what its outcome is. Runs no
handler.
"""

import logging
from typing import Any

from redisched.codec import decode_task
from redisched.engine import completion
from redisched.engine.completion import Completion
from redisched.engine.isolation.endings import NoRoomForProcess, ProcessDied, RaisedInside, ResultUnstorable
from redisched.engine.isolation.messages import Order
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import task_log
from redisched.engine.readable_errors import readable
from redisched.engine.retrying import decide
from redisched.engine.task_log import TaskLog
from redisched.engine.worker_context import WorkerContext
from redisched.errors import CancelRequested, Interruption, LeaseLost, Undecodable
from redisched.identity import is_given
from redisched.model import DeathReason, Retention, retention_of
from redisched.option_checks import is_id
from redisched.registry import HandlerEntry
from redisched.store.values import Ack

SHORT_PAUSE_MS = 250
"""A task that another live worker understands is offered again after so long."""


class WorkerStopping(Interruption):
    """Raised inside a handler that still runs when the grace of a stopping worker is over. The task is given back."""


class Attempt:
    """A task whose handler may start. Limits that the call did not set are those of the handler."""

    __slots__ = ("entry", "is_start_noted", "task", "timeout_ms")

    def __init__(self, entry: HandlerEntry, task: LeasedTask) -> None:
        body, options = task.body, entry.options
        self.entry = entry
        self.task = task
        task.function = entry.function
        self.timeout_ms = options.timeout_ms if body.timeout_ms is None else body.timeout_ms
        task.max_attempts = 1 if entry.starts_once else body.max_attempts or options.retry.attempts
        self.is_start_noted = task.is_suspect or entry.starts_once or task.lease.has_checkpoint
        """Whether Redis must know of the start before the handler is called. If there is a checkpoint, it is read
        then.
        """

    def retention(self) -> Retention:
        """What is kept of the task, and for how long."""
        task, options = self.task, self.entry.options
        own_ms, keep = task.body.retention_ms, task.body.keep
        if task.has_given_id and own_ms is None and keep is None:
            return self.entry.retention
        return retention_of(
            options.retention_ms if own_ms is None else own_ms,
            keep or options.keep,
            is_own=options.retention_is_own or own_ms is not None,
            has_chosen_id=not task.has_given_id,
        )

    @property
    def timeout_s(self) -> float | None:
        """How long its handler may run."""
        return self.timeout_ms / 1e3 if self.timeout_ms else None

    @property
    def grace_s(self) -> float:
        """How long an isolated handler may go on after it was told to end."""
        return self.entry.options.timeout_grace_ms / 1e3

    def order(self, free_slots: int, server_ahead_ms: float) -> Order:
        """What the process of an isolated handler is told."""
        context, keeps_result = self.task.task_context(), self.retention().keeps_result
        record, checkpoint = self.task.lease.record, self.task.checkpoint
        return Order(record, context, keeps_result, free_slots, self.timeout_s, checkpoint, server_ahead_ms)


class AttemptPolicy:
    """The rules of one worker process: which tasks may start, and how tasks that ended are completed."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._handler_of = context.registry.get
        self._monotonic = context.clock.monotonic
        self._now_ms_at = context.server_clock.now_ms
        self._payload_limit = context.settings.payload_limit
        self._log = TaskLog(logging.INFO if context.worker_settings.log_tasks else logging.DEBUG)
        self.refresh_log_level()

    def refresh_log_level(self) -> None:
        """Find out whether starts and ends are logged. Asking the logger for each task would cost as much as
        settling it.
        """
        self._logs_all = task_log.isEnabledFor(self._log.level)

    def admit(self, task: LeasedTask, now_s: float) -> Attempt | Completion:
        """The attempt to start at this monotonic moment; if the task may not start, its completion."""
        lease = task.lease
        task.has_given_id = is_given(lease.id)
        if not (task.has_given_id or is_id(lease.id)):
            return completion.dead(
                task, DeathReason.UNDECODABLE, "its id is none that redisched gives", int(self._now_ms_at(now_s))
            )
        if lease.too_long:
            return self._dead(task, DeathReason.UNDECODABLE, f"a record of {lease.too_long} bytes", now_s)
        try:
            body = task.body = decode_task(lease.record, self._payload_limit)
        except Undecodable as error:
            reason = DeathReason.UNDECODABLE if lease.record else DeathReason.RECORD_LOST
            return self._dead(task, reason, str(error), now_s)
        entry = self._handler_of(body.name)
        if entry is None or not entry.understands(body):
            return self._unroutable(task, entry, now_s)
        attempt = Attempt(entry, task)
        if task.cancelling:
            return self._cancelled(attempt, int(self._now_ms_at(now_s)))
        # The lease may still be valid though it is not trusted. If so, releasing it lets another worker have the task
        # now, and not only when the lease ends.
        if now_s >= task.trusted_until_s:
            return completion.released(task)
        return attempt

    def started(self, attempt: Attempt, now_ms: float) -> None:
        """Note that the handler starts at this moment of the server's clock."""
        attempt.task.started_ms = int(now_ms)
        if self._logs_all:
            self._log.started(attempt.task)

    def returned(self, attempt: Attempt, result: Any) -> Completion:
        """The completion of a task whose handler returned."""
        now_ms, conversion = int(self._now_ms_at(self._monotonic())), attempt.entry.conversion
        if conversion is not None and attempt.entry.is_isolated:
            # The process of the handler has encoded the result itself.
            conversion = None
        outcome = completion.succeeded(
            attempt.task, result, attempt.retention(), now_ms, self._payload_limit, conversion
        )
        if self._logs_all or type(outcome.settlement) is not Ack:
            self._log.returned(outcome)
        return outcome

    def raised(self, attempt: Attempt, error: BaseException) -> Completion:
        """The completion of a task whose handler raised or was interrupted."""
        error = readable(error)
        outcome = self._outcome_of(attempt, error)
        self._log.raised(outcome, error)
        return outcome

    def _cancelled(self, attempt: Attempt, now_ms: int) -> Completion:
        return completion.cancelled(attempt.task, attempt.retention(), now_ms, self._payload_limit)

    def _outcome_of(self, attempt: Attempt, error: BaseException) -> Completion:
        task = attempt.task
        # The interruptions that an isolated handler itself raises come as RaisedInside.
        is_told = task.is_told_to_end or attempt.entry.is_isolated
        match error:
            case CancelRequested() if is_told:
                return self._cancelled(attempt, self._now_ms())
            case LeaseLost() if is_told:
                return completion.lost(task)
            case WorkerStopping():
                return completion.released(task)
            case NoRoomForProcess():
                return completion.released(task)
            case ResultUnstorable():
                return completion.dead(task, DeathReason.RESULT, str(error), self._now_ms())
            case ProcessDied():
                return completion.crashed(task, self._context.worker_settings.crash_limit, self._now_ms())
        decision = error.decision if isinstance(error, RaisedInside) else None
        if decision is None:
            number = task.lease.attempts + 1
            decision = decide(attempt.entry, error, number, task.max_attempts, self._context.random)
        return completion.failed(task, error, decision, self._now_ms(), attempt.entry.options.retry.within_ms)

    def unended(self, task: LeasedTask, kind: type[Interruption]) -> Completion:
        """The completion of a task whose handler was interrupted and still runs when its process ends."""
        task.is_told_to_end = True
        entry = self._handler_of(task.body.name)
        return completion.released(task) if entry is None else self.raised(Attempt(entry, task), kind())

    def _unroutable(self, task: LeasedTask, entry: HandlerEntry | None, now_s: float) -> Completion:
        """Give a task back that this worker does not understand, at no cost to the task. While others are known to
        understand it, it is soon offered again; else it waits longer each time, until a worker starts that does.
        """
        known_elsewhere, name, codec = self._context.known_elsewhere, task.body.name, task.body.codec
        is_known = (
            known_elsewhere.has_handler(name, now_s) if entry is None else known_elsewhere.has_codec(codec or "", now_s)
        )
        lacks = f"handler {name}" if entry is None else f"codec {codec!r}"
        if is_known:
            self._log.left_to_others(task, lacks)
            return completion.released(task, SHORT_PAUSE_MS)
        offers, settings = task.lease.redeliveries + 1, self._context.worker_settings
        if settings.unroutable_limit is not None and offers >= settings.unroutable_limit:
            error = f"no worker that was offered it has the {lacks}"
            return self._dead(task, DeathReason.UNROUTABLE, error, now_s)
        self._log.unknown(task, lacks, now_s)
        pause_s = settings.unroutable_backoff.delay_s(offers, self._context.random)
        return completion.released(task, max(1, round(pause_s * 1e3)))

    def _dead(self, task: LeasedTask, reason: DeathReason, error: str, now_s: float) -> Completion:
        outcome = completion.dead(task, reason, error, int(self._now_ms_at(now_s)))
        self._log.died(outcome)
        return outcome

    def _now_ms(self) -> int:
        return int(self._now_ms_at(self._monotonic()))
