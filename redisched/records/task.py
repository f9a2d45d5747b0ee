"""A task as a record."""

from typing import Any

from redisched.model import Failure, TaskState
from redisched.placement import schedule_of, slot_ms_of
from redisched.store.view import TaskView


def task_record(view: TaskView) -> dict[str, Any]:
    """Return everything known about a task, None for what is not known. Times are the server's, in milliseconds."""
    body, outcome = view.body, view.outcome
    slot_ms = slot_ms_of(view.id)
    return {
        "id": view.id,
        "queue": view.queue,
        "shard": view.shard,
        "schedule": None if slot_ms is None else schedule_of(view.id),
        "slot_ms": slot_ms,
        "state": view.state,
        "name": view.name,
        "args": None if body is None else body.args,
        "kwargs": None if body is None else body.kwargs,
        "codec": body and body.codec,
        "headers": (body.headers or {}) if body is not None else None,
        "priority": view.priority,
        "run_at_ms": view.run_at_ms,
        "attempts": attempts_of(view),
        "crashes": view.crashes,
        "redeliveries": view.redeliveries,
        "max_attempts": None if body is None else body.max_attempts,
        "timeout_ms": None if body is None else body.timeout_ms,
        "retention_ms": None if body is None else body.retention_ms,
        "expires_ms": view.expires_ms,
        "deadline_ms": view.deadline_ms,
        "checkpoint_bytes": view.checkpoint_bytes or None,
        "unique_key": view.unique_key or None,
        "unique_for": view.unique_for or None,
        "is_successor": view.is_successor,
        "cancel_requested": view.cancel_requested,
        "worker": view.worker or None,
        "claimed_ms": view.claimed_ms,
        "lease_until_ms": view.lease_until_ms,
        "started_ms": view.started_ms or None,
        "ended_ms": outcome.ended_ms if outcome is not None else view.died_ms,
        "forgotten_ms": view.forgotten_ms,
        "result": None if outcome is None else outcome.result,
        "keep": None if body is None else body.keep,
        "failure": None if view.failure is None else _failure_record(view.failure),
        "failures": [_failure_record(failure) for failure in view.failures],
        "undecodable": view.undecodable or None,
        "now_ms": view.now_ms,
    }


def attempts_of(view: TaskView) -> int:
    """Return the number of attempts, a running one included. For a dead task the number in the last failure is used if
    it is higher. A replayed task is counted from 0 again, whatever its failures say.
    """
    begun = view.attempts + 1 if view.state is TaskState.RUNNING else view.attempts
    return max(begun, view.failure.attempt if view.failure and view.state is TaskState.DEAD else 0)


def _failure_record(failure: Failure) -> dict[str, Any]:
    return {
        "error": failure.error,
        "traceback": failure.traceback,
        "reason": failure.reason or None,
        "attempt": failure.attempt,
        "worker": failure.worker or None,
        "due_ms": failure.due_ms or None,
        "started_ms": failure.started_ms or None,
        "failed_ms": failure.failed_ms or None,
    }
