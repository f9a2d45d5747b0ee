"""A schedule as a record, and its slots."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from redisched.client.schedule_view import FoundSchedule
from redisched.model import TaskBody, TaskState
from redisched.placement import slot_ms_of
from redisched.schedules.definition import Definition
from redisched.schedules.firing import next_slot_ms
from redisched.store.schedule_values import ScheduleState
from redisched.store.view import TaskView
from redisched.timetable.at import At
from redisched.timetable.cron import Cron
from redisched.timetable.every import Every
from redisched.timetable.timetable import Timetable, next_slots
from redisched.timetable.zone import UTC_NAME, zone_of

SHOWN_SLOTS = 5


class ReadSchedule(NamedTuple):
    """A stored schedule with what could be read of it. `last` is its latest task that was due, None if that was never
    fired or is forgotten.
    """

    found: FoundSchedule
    definition: Definition
    body: TaskBody
    last_id: str
    last: TaskView | None

    @property
    def zone(self) -> str:
        """The zone in which its slots are thought of."""
        return zone_name(self.definition.timing.timetable)

    @property
    def next_ms(self) -> int | None:
        """Its next slot, None if it is paused or over."""
        if self.found.stored.state is ScheduleState.PAUSED:
            return None
        return next_slot_ms(self.found.stored, self.definition, self.found.now_ms)

    @property
    def last_state(self) -> TaskState | None:
        """The state of its latest task that was due, None if there was none."""
        if self.last is None:
            return TaskState.UNKNOWN if self.last_id else None
        return self.last.state

    def slots_ms(self, count: int = SHOWN_SLOTS) -> list[int]:
        """Its next slots, whether it is paused or not."""
        return next_slots(self.definition.timing, self.found.now_ms, count)


def last_due_id(found: FoundSchedule) -> str:
    """The task of the latest slot that has come; if none has, that of a slot that was enqueued ahead, or none."""
    ids = [found.stored.last_id, *found.stored.ahead_ids]
    due = {slot_ms: id for id in ids if (slot_ms := slot_ms_of(id)) is not None and slot_ms <= found.now_ms}
    return due[max(due)] if due else found.stored.last_id


def schedule_record(schedule: ReadSchedule) -> dict[str, Any]:
    """Return everything known about a schedule, None for what is not known. Times are the server's, in ms."""
    stored, definition, body = schedule.found.stored, schedule.definition, schedule.body
    timing, limits = definition.timing, definition.task.limits_ms()
    return {
        "name": stored.name,
        "queue": schedule.found.queue,
        "shard": schedule.found.store.shard,
        "state": stored.state,
        "words": timing.words(),
        **_timetable_record(timing.timetable),
        "start_ms": timing.start_ms,
        "end_ms": timing.end_ms,
        "jitter_ms": timing.jitter_ms,
        "misfire": definition.misfire.words(),
        "overlap": definition.overlap,
        "application": definition.application or None,
        "handler": body.name,
        "args": body.args,
        "kwargs": body.kwargs,
        "priority": definition.task.priority,
        "max_attempts": body.max_attempts,
        "timeout_ms": body.timeout_ms,
        "expires_ms": limits.get("expires"),
        "deadline_ms": limits.get("deadline"),
        "retention_ms": body.retention_ms,
        "keep": body.keep,
        "last_id": schedule.last_id or None,
        "last_state": schedule.last_state,
        "next_ms": schedule.next_ms,
        "slots": slot_records(schedule.slots_ms(), schedule.zone),
        "now_ms": schedule.found.now_ms,
    }


def zone_name(timetable: Timetable) -> str:
    """Return the zone in which the slots of a timetable are thought of."""
    return timetable.tz if isinstance(timetable, Cron) else UTC_NAME


def slot_records(slots_ms: Sequence[int], zone: str) -> list[dict[str, Any]]:
    """Return slots as records: when each comes, and what the clocks of the zone show then."""
    tz = zone_of(zone)
    return [
        {"slot_ms": slot_ms, "local": datetime.fromtimestamp(slot_ms / 1_000, tz).isoformat()} for slot_ms in slots_ms
    ]


def _timetable_record(timetable: Timetable) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys(("cron", "tz", "every_ms", "anchor_ms", "at_ms"))
    match timetable:
        case Cron():
            return record | {"cron": timetable.expression, "tz": timetable.tz}
        case Every():
            return record | {"every_ms": timetable.interval_ms, "anchor_ms": timetable.anchor_ms}
        case At():
            return record | {"at_ms": timetable.moment_ms}
    raise AssertionError("every timetable is of one of these kinds")
