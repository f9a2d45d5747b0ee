"""A task that a program holds, and what becomes of it: each settlement is a completion, as workers make them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Lock
from typing import Any, Protocol

from redisched.codec import describe, traceback_of
from redisched.engine import completion
from redisched.engine.attempt import Attempt
from redisched.engine.completion import Completion
from redisched.engine.isolation.endings import RaisedInside
from redisched.engine.leased_task import LeasedTask
from redisched.engine.retrying import RetryAction, RetryDecision, decide
from redisched.engine.unrun import refuse_unrun
from redisched.engine.worker_context import WorkerContext
from redisched.errors import InvalidOption, LeaseNotHeld
from redisched.model import DeathReason, TaskState, band_of, run_at_of
from redisched.option_checks import check_milliseconds
from redisched.pulling.lease_length import check_lease_ms
from redisched.queued_task import QueuedTask
from redisched.retry import DEFAULT_BACKOFF
from redisched.store.operation import Operation
from redisched.store.values import SnoozedTask, Status

_AS_TEXT = "an exception, or a text that says why"
_UNTOLD = "the program that pulled it asked for another attempt"


class Holder(Protocol):
    """The block of a task. `lock` guards who settles it."""

    context: WorkerContext
    lock: Lock
    has_ended: bool

    def settle(self, settled: Completion) -> Operation[TaskState | None]: ...
    def extend(self, task: LeasedTask, lease_ms: int) -> Operation[Status]: ...
    def is_over(self, task: LeasedTask) -> bool: ...


class HeldTask:
    """One task of a block. Operations that settle it answer its state then, and raise LeaseNotHeld."""

    def __init__(self, block: Holder, attempt: Attempt, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self.block = block
        self.leased = attempt.task
        self.settled_by = ""
        """The call that settles or has settled it."""
        self.is_lost = False
        self._attempt = attempt
        body, lease = attempt.task.body, attempt.task.lease
        self._task = QueuedTask(
            id=lease.id,
            queue=attempt.task.queue,
            state=TaskState.RUNNING,
            name=body.name,
            priority=band_of(lease.score),
            attempt=lease.attempts + 1,
            run_at_ms=run_at_of(lease.score),
            args=tuple(args),
            kwargs=kwargs,
            headers=body.headers or {},
        )

    def may_be_lost(self) -> bool:
        """Whether another may have it by now. While Redis does not answer, only time tells."""
        is_held = not (self.settled_by or self.block.has_ended)
        return self.is_lost or (is_held and self.block.is_over(self.leased))

    def started_task(self) -> QueuedTask:
        """The task, which counts as started from the first call on. The next renewal of its lease tells Redis."""
        if not self.leased.started_ms:
            self.leased.started_ms = max(1, self._now_ms())
        return self._task

    def ack(self, result: Any) -> Operation[TaskState]:
        """End it as succeeded. Raises InvalidInput for a result that cannot be stored."""
        return self._settle("ack", lambda: self._acked(result))

    def retry(self, error: object, delay: float | timedelta | None) -> Operation[TaskState]:
        """Count a failed attempt. Raises InvalidOption."""
        failure = RaisedInside(_UNTOLD, "") if error is None else _checked("error", error)
        delay_ms = None if delay is None else check_milliseconds("delay", delay)
        return self._settle("retry", lambda: self._failed(failure, delay_ms))

    def release(self, delay: float | timedelta | None) -> Operation[TaskState]:
        """Give it back, with no attempt counted. Raises InvalidOption."""
        pause_ms = 0 if delay is None else check_milliseconds("delay", delay)
        return self._settle("release", lambda: self._released(pause_ms))

    def bury(self, reason: object) -> Operation[TaskState]:
        """End it as dead. Raises InvalidOption."""
        failure = _checked("reason", reason)
        return self._settle("bury", lambda: self._buried(failure))

    def extend(self, seconds: float | timedelta) -> Operation[None]:
        """Hold it for at least so long. Raises InvalidOption."""
        lease_ms = check_lease_ms("seconds", seconds)
        self._check_held()
        if (yield from self.block.extend(self.leased, lease_ms)) is Status.LOST:
            self.is_lost = True
            self._check_held()

    def _settle(self, call: str, make: Callable[[], Completion]) -> Operation[TaskState]:
        with self.block.lock:
            self._check_held()
            self.settled_by = call
        if not self.leased.started_ms and call != "release":
            self.started_task()
        try:
            state = yield from self.block.settle(make())
        except BaseException:
            # Without a reply the call may be made again.
            self.settled_by = ""
            raise
        if state is None:
            self.is_lost = True
            raise LeaseNotHeld(self._task.id, LeaseNotHeld.LOST)
        return state

    def _check_held(self) -> None:
        if self.settled_by:
            raise LeaseNotHeld(self._task.id, LeaseNotHeld.SETTLED.format(self.settled_by))
        if self.is_lost:
            raise LeaseNotHeld(self._task.id, LeaseNotHeld.LOST)
        if self.block.has_ended:
            raise LeaseNotHeld(self._task.id, LeaseNotHeld.ENDED)

    def _acked(self, result: Any) -> Completion:
        retention, conversion = self._attempt.retention(), self._attempt.entry.conversion
        refuse_unrun(result)
        kept = result if retention.keeps_result else None
        if conversion is not None and retention.keeps_result:
            kept = conversion.encode_result(result)
        limit = self.block.context.settings.payload_limit
        return completion.acked(self.leased, TaskState.SUCCEEDED, kept, retention, self._now_ms(), limit)

    def _failed(self, error: BaseException, delay_ms: int | None) -> Completion:
        entry, number, random = self._attempt.entry, self._task.attempt, self.block.context.random
        decision = decide(entry, error, number, self.leased.max_attempts, random)
        if isinstance(error, RaisedInside) and decision.reason == DeathReason.NOT_RETRIED:
            # A policy goes by the types of errors, and a text has none.
            pause_ms = round(DEFAULT_BACKOFF.delay_s(number, random) * 1e3)
            decision = RetryDecision(RetryAction.RETRY, pause_ms)
        if delay_ms is not None and decision.action is not RetryAction.BURY:
            decision = decision._replace(delay_ms=delay_ms)
        return completion.failed(self.leased, error, decision, self._now_ms(), entry.options.retry.within_ms)

    def _released(self, pause_ms: int) -> Completion:
        lease = self.leased.lease
        if pause_ms and self.leased.started_ms:
            return Completion(self.leased, SnoozedTask(lease.id, lease.token, pause_ms))
        return completion.released(self.leased, pause_ms)

    def _buried(self, error: BaseException) -> Completion:
        if isinstance(error, RaisedInside):
            said, trace = error.error, ""
        else:
            said, trace = describe(error), traceback_of(error)
        return completion.dead(self.leased, DeathReason.REJECTED, said, self._now_ms(), trace)

    def _now_ms(self) -> int:
        return int(self.block.context.server_now_ms())


def _checked(option: str, error: object) -> BaseException:
    if isinstance(error, str) and error:
        return RaisedInside(error, "")
    if not isinstance(error, BaseException):
        raise InvalidOption(option, error, _AS_TEXT)
    return error
