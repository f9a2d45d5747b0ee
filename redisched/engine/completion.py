"""Completions: what became of a task in this process. The executor makes them, and the settler sends them to Redis."""

from typing import Any, NamedTuple, TypeAlias

from redisched.codec import DIGEST_BYTES, describe, encode_end, encode_failure, traceback_of
from redisched.conversion.conversion import Conversion
from redisched.counted import counted
from redisched.engine.isolation.endings import RaisedInside
from redisched.engine.leased_task import LeasedTask
from redisched.engine.retrying import RetryAction, RetryDecision
from redisched.engine.unrun import UNRUN, refuse_unrun, why_unstorable
from redisched.model import DeathReason, Failure, Retention, TaskState, run_at_of
from redisched.store.values import Ack, Bury, Crash, FailedAttempt, Release, SnoozedTask

_SUCCEEDED = TaskState.SUCCEEDED
"""Most tasks end so, and Python 3.11 calls a function to find a member of an enum."""
Settlement: TypeAlias = Ack | FailedAttempt | SnoozedTask | Bury | Release | Crash


class Completion(NamedTuple):
    """A task and its settlement. None means that its lease is lost, so nothing may be settled any more."""

    task: LeasedTask
    settlement: Settlement | None


def succeeded(
    task: LeasedTask,
    result: Any,
    retention: Retention,
    ended_ms: int,
    limit: int,
    conversion: Conversion | None = None,
) -> Completion:
    """The handler returned. The task is acked, or buried if the result cannot be stored. Never raises: what the result
    itself raises while it is encoded, such as a property of a dataclass, is the reason.
    """
    try:
        if type(result) in UNRUN:
            refuse_unrun(result)
        if not retention.keeps_result:
            result = None
        elif conversion is not None:
            result = conversion.encode_result(result)
        return acked(task, _SUCCEEDED, result, retention, ended_ms, limit)
    except BaseException as error:
        return dead(task, DeathReason.RESULT, why_unstorable(task.body.name, error), ended_ms)


def cancelled(task: LeasedTask, retention: Retention, ended_ms: int, limit: int) -> Completion:
    """The task was cancelled before or while its handler ran. It is acked as cancelled."""
    task.was_cancelled = True
    return acked(task, TaskState.CANCELLED, None, retention, ended_ms, limit)


def failed(
    task: LeasedTask, error: BaseException, decision: RetryDecision, ended_ms: int, within_ms: int | None = None
) -> Completion:
    """The handler raised. The task is tried again later, but within `within_ms` of its start, or snoozed, or buried."""
    lease = task.lease
    task.ended_ms = ended_ms
    if decision.action is RetryAction.SNOOZE:
        return Completion(task, SnoozedTask(lease.id, lease.token, decision.delay_ms))
    said, trace = _text_of(error)
    if decision.action is RetryAction.BURY:
        return dead(task, DeathReason(decision.reason), said, ended_ms, trace)
    failure = _failure(task, said, trace, ended_ms, "")
    until_ms = task.started_ms + within_ms if within_ms else 0
    return Completion(task, FailedAttempt(lease.id, lease.token, decision.delay_ms, failure, until_ms))


def crashed(task: LeasedTask, crash_limit: int, ended_ms: int) -> Completion:
    """The process of its isolated handler died. The task waits again, or is dead if this has happened `crash_limit`
    times.
    """
    failure = _failure(
        task, f"{counted(crash_limit, 'process', 'processes')} died under it", "", ended_ms, DeathReason.QUARANTINED
    )
    return Completion(task, Crash(task.lease.id, task.lease.token, crash_limit, failure))


def dead(task: LeasedTask, reason: DeathReason, error: str, ended_ms: int, trace: str = "") -> Completion:
    """The task is buried, for this reason."""
    failure = _failure(task, error, trace, ended_ms, reason)
    return Completion(task, Bury(task.lease.id, task.lease.token, failure))


def released(task: LeasedTask, pause_ms: int = 0) -> Completion:
    """The task did not run here, or not to its end. It is given back, and can be claimed at once or after a pause."""
    return Completion(task, Release(task.lease.id, task.lease.token, pause_ms, int(task.started_ms > 0)))


def lost(task: LeasedTask) -> Completion:
    """The lease is lost: another worker may have the task."""
    return Completion(task, None)


def _text_of(error: BaseException) -> tuple[str, str]:
    if isinstance(error, RaisedInside):
        return error.error, error.traceback
    return describe(error), traceback_of(error)


def _failure(task: LeasedTask, error: str, trace: str, failed_ms: int, reason: str) -> bytes:
    task.ended_ms = failed_ms
    return encode_failure(
        Failure(
            name=task.body.name,
            error=error,
            traceback=trace,
            attempt=task.lease.attempts + 1,
            worker=task.worker,
            failed_ms=failed_ms,
            reason=reason,
            due_ms=run_at_of(task.lease.score),
            started_ms=task.started_ms,
        )
    )


def acked(
    task: LeasedTask, state: TaskState, result: Any, retention: Retention, ended_ms: int, limit: int
) -> Completion:
    """The task ends in this state, with a result as it travels. Raises NotEncodable and PayloadTooLarge."""
    lease, task.ended_ms = task.lease, ended_ms
    outcome = encode_end(
        limit,
        retention.keep,
        state,
        task.body.name,
        lease.attempts + 1,
        task.worker,
        task.started_ms,
        ended_ms,
        result,
    )
    # Most tasks end here, and the constructors of NamedTuples cost twice as much.
    ack = tuple.__new__(Ack, (lease.id, lease.token, retention.told_ms, lease.record[:DIGEST_BYTES] + outcome))
    return tuple.__new__(Completion, (task, ack))
