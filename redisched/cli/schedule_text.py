"""Turns a schedule into output of the command line: named facts for people."""

from redisched.cli.task_text import call_of
from redisched.cli.watching import ending_text, state_text
from redisched.client.results import has_ended
from redisched.records.schedule import ReadSchedule
from redisched.times import duration, exact, relative_and_exact
from redisched.timetable.cron import Cron
from redisched.timetable.zone import UTC_NAME


def schedule_facts(schedule: ReadSchedule) -> list[tuple[str, object]]:
    """Return names and values about a schedule, for people."""
    stored, definition, body = schedule.found.stored, schedule.definition, schedule.body
    timing, limits = definition.timing, definition.task.limits_ms()
    timetable = timing.timetable

    def span(milliseconds: int | None) -> str | None:
        return duration(milliseconds) if milliseconds else None

    return [
        ("name", stored.name),
        ("queue", schedule.found.queue),
        ("shard", schedule.found.store.shard or None),
        ("state", stored.state),
        ("when", timing.words()),
        ("cron", timetable.expression if isinstance(timetable, Cron) else None),
        ("zone", schedule.zone if schedule.zone != UTC_NAME else None),
        ("start", None if timing.start_ms is None else exact(timing.start_ms)),
        ("end", None if timing.end_ms is None else exact(timing.end_ms)),
        ("jitter", span(timing.jitter_ms)),
        ("misfire", definition.misfire.words()),
        ("overlap", definition.overlap),
        ("declared by", definition.application or "no code; a call has added it"),
        ("handler", body.name),
        ("arguments", call_of(body)),
        ("priority", definition.task.priority),
        ("max attempts", body.max_attempts),
        ("timeout", span(body.timeout_ms)),
        ("expires", span(limits.get("expires"))),
        ("deadline", span(limits.get("deadline"))),
        ("retention", span(body.retention_ms)),
        ("keep", body.keep),
        ("last task", schedule.last_id),
        ("its state", last_state_text(schedule)),
        ("next", None if schedule.next_ms is None else relative_and_exact(schedule.next_ms, schedule.found.now_ms)),
    ]


def last_state_text(schedule: ReadSchedule) -> str | None:
    """Return how the latest task has ended, or how far it is; None if there was none."""
    if schedule.last is None:
        return "unknown: forgotten, or removed before its time came" if schedule.last_id else None
    return ending_text(schedule.last) if has_ended(schedule.last) else state_text(schedule.last)
