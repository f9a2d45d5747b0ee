"""What became of a task in this process, as a value: the executor finds it, the settler carries it out."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from redisched.backoff import Backoff
from redisched.codec import DIGEST_BYTES, describe, encode_end, encode_failure, traceback_of
from redisched.engine.held import Held
from redisched.engine.isolation.endings import RaisedInside
from redisched.engine.unrun import UNRUN, refuse_unrun
from redisched.errors import InvalidInput
from redisched.model import DeathReason, Failure, Retention, TaskState
from redisched.store.values import Ack, Bury, Crash, Release, Retry

Settlement: TypeAlias = Ack | Retry | Bury | Release | Crash


class Verdict(NamedTuple):
    """A task and the edge it leaves by; None when its lease is lost and nothing may be said any more."""

    held: Held
    settlement: Settlement | None


def succeeded(held: Held, result: Any, retention: Retention, ended_ms: int, limit: int) -> Verdict:
    """The handler returned: acked, or buried if its result cannot be stored."""
    try:
        if type(result) in UNRUN:
            refuse_unrun(result)
        return _ack(held, TaskState.SUCCEEDED, result if retention.ms else None, retention, ended_ms, limit)
    except InvalidInput as error:
        return dead(held, DeathReason.RESULT, str(error), ended_ms)


def cancelled(held: Held, retention: Retention, ended_ms: int, limit: int) -> Verdict:
    """The task was cancelled, before or while its handler ran."""
    return _ack(held, TaskState.CANCELLED, None, retention, ended_ms, limit)


def failed(held: Held, error: BaseException, ended_ms: int, backoff: Backoff, random: Callable[[], float]) -> Verdict:
    """The handler raised: retried after a backoff, or buried after its last attempt."""
    attempt = held.lease.attempts + 1
    said, trace = _told(error)
    if attempt >= held.max_attempts:
        return dead(held, DeathReason.ATTEMPTS, said, ended_ms, trace)
    delay_ms = round(backoff.delay_s(attempt, random) * 1e3)
    failure = _failure(held, said, trace, ended_ms, "")
    return Verdict(held, Retry(held.lease.id, held.lease.token, delay_ms, failure))


def crashed(held: Held, crash_limit: int, ended_ms: int) -> Verdict:
    """The process of its handler died, and nobody's but its own: it waits again, or has died too often."""
    failure = _failure(held, f"{crash_limit} processes died under it", "", ended_ms, DeathReason.QUARANTINED)
    return Verdict(held, Crash(held.lease.id, held.lease.token, crash_limit, failure))


def dead(held: Held, reason: DeathReason, error: str, ended_ms: int, trace: str = "") -> Verdict:
    """The task ends here, with the reason."""
    failure = _failure(held, error, trace, ended_ms, reason)
    return Verdict(held, Bury(held.lease.id, held.lease.token, failure))


def released(held: Held, pause_ms: int = 0) -> Verdict:
    """It did not run here; others may run it, at once or after a pause."""
    return Verdict(held, Release(held.lease.id, held.lease.token, pause_ms))


def lost(held: Held) -> Verdict:
    """The lease is another's by now."""
    return Verdict(held, None)


def _told(error: BaseException) -> tuple[str, str]:
    if isinstance(error, RaisedInside):
        return error.error, error.traceback
    return describe(error), traceback_of(error)


def _failure(held: Held, error: str, trace: str, failed_ms: int, reason: str) -> bytes:
    return encode_failure(
        Failure(
            name=held.body.name,
            error=error,
            traceback=trace,
            attempt=held.lease.attempts + 1,
            worker=held.worker,
            failed_ms=failed_ms,
            reason=reason,
        )
    )


def _ack(held: Held, state: TaskState, result: Any, retention: Retention, ended_ms: int, limit: int) -> Verdict:
    lease = held.lease
    attempt, started_ms = lease.attempts + 1, held.started_ms
    outcome = encode_end(limit, state, held.body.name, attempt, held.worker, started_ms, ended_ms, result)
    encoded = lease.record[:DIGEST_BYTES] + outcome
    return Verdict(held, Ack(lease.id, lease.token, retention.told_ms, encoded))
