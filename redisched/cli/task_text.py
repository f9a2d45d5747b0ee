"""Turns a task into output of the command line: named facts for people."""

from redisched.jsonable import to_json
from redisched.model import DeathReason, Failure, TaskBody
from redisched.placement import schedule_of, slot_ms_of
from redisched.printable import printable
from redisched.records.task import attempts_of
from redisched.store.view import TaskView
from redisched.times import duration, exact, relative_and_exact


def task_facts(view: TaskView, shards: int, paused: str | None = None) -> list[tuple[str, object]]:
    """Return names and values about a task, for people. `shards` is the number of shards of its queue, and `paused`
    says since when that is paused.
    """
    body, failure, outcome = view.body, view.failure, view.outcome

    def moment(moment_ms: int | None) -> str | None:
        return relative_and_exact(moment_ms, view.now_ms) if moment_ms else None

    return [
        ("id", view.id),
        ("name", view.name),
        ("queue", view.queue),
        ("queue paused", paused),
        ("schedule", _slot_text(view.id)),
        ("shard", view.shard if shards > 1 else None),
        ("state", f"{view.state}, cancellation asked for" if view.cancel_requested else view.state),
        ("reason", failure.reason if failure else None),
        ("arguments", None if body is None else call_of(body)),
        ("codec", printable((body and body.codec) or "") or None),
        ("headers", _headers_of(body)),
        ("undecodable", view.undecodable),
        ("priority", view.priority),
        ("run at", moment(view.run_at_ms)),
        ("expires", moment(view.expires_ms)),
        ("deadline", moment(view.deadline_ms)),
        ("checkpoint", f"{view.checkpoint_bytes} bytes" if view.checkpoint_bytes else None),
        ("unique", _unique_of(view)),
        ("attempts", attempts_of(view)),
        ("crashes", view.crashes or None),
        ("redeliveries", view.redeliveries or None),
        ("worker", view.worker or (failure.worker if failure else None)),
        ("claimed", moment(view.claimed_ms)),
        ("lease until", moment(view.lease_until_ms)),
        ("started", moment(view.started_ms)),
        ("ended", moment(outcome.ended_ms if outcome else view.died_ms)),
        ("forgotten", moment(view.forgotten_ms)),
        ("last error", failure.error if failure else None),
        ("result", None if outcome is None or outcome.result is None else to_json(outcome.result)),
    ]


def _slot_text(task_id: str) -> str | None:
    """Return from which schedule and slot a task comes; None if it comes from none."""
    slot_ms = slot_ms_of(task_id)
    return None if slot_ms is None else f"{schedule_of(task_id)}, for {exact(slot_ms)}"


def _headers_of(body: TaskBody | None) -> str | None:
    headers = (body and body.headers) or {}
    return printable(", ".join(f"{name}={to_json(text)}" for name, text in headers.items())) or None


def _unique_of(view: TaskView) -> str | None:
    """Return what is known of the unique key of a task: for how long it is held, and by whom if not by this task."""
    if not view.unique_key:
        return None
    if view.is_successor:
        return f"waits for the end of the task that holds key {view.unique_key}"
    held = view.unique_for.replace("_", " ")
    return f"holds key {view.unique_key} {'for ' * (held == 'some time')}{held}" if held else f"key {view.unique_key}"


def failed_attempts(view: TaskView) -> list[Failure]:
    """Return the failed attempts that are known, oldest first. A quarantine is no attempt, only its crashes are, and so
    it is with a deadline that was over before the next attempt began.
    """
    return [failure for failure in view.failures if not _is_no_attempt(failure)]


def _is_no_attempt(failure: Failure) -> bool:
    return failure.reason == DeathReason.QUARANTINED or (failure.reason == DeathReason.DEADLINE and not failure.attempt)


def attempt_row(failure: Failure) -> tuple[object, ...]:
    """Return one failed attempt as a row: its number, when it failed, how late it started, how long it ran, the worker
    and the error. An attempt whose process died has no number.
    """
    has_started = failure.started_ms > 0
    late_ms = failure.started_ms - failure.due_ms if has_started and failure.due_ms else None
    return (
        failure.attempt or None,
        exact(failure.failed_ms) if failure.failed_ms else None,
        None if late_ms is None else duration(max(0, late_ms)),
        duration(max(0, failure.failed_ms - failure.started_ms)) if has_started else None,
        failure.worker,
        failure.error,
    )


def call_of(body: TaskBody) -> str:
    """Return the arguments as in a call, on one printable line, such as 1, "two", key=[3]; "none" without any."""
    words = [to_json(value) for value in body.args]
    words += [f"{key}={to_json(value)}" for key, value in body.kwargs.items()]
    return printable(", ".join(words)) or "none"
