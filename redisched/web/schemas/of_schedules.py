"""The schemas of schedules. Times are the server's, in milliseconds since 1970."""

from collections.abc import Mapping

from redisched.model import Keep, TaskState
from redisched.schedules.definition import Overlap
from redisched.store.schedule_values import ScheduleState
from redisched.web.schemas.making import (
    ANYTHING,
    INTEGER,
    TEXT,
    JsonSchema,
    listed,
    mapped,
    maybe,
    nothing_else,
    one_of,
    page,
    reference,
)

_SCHEDULE = nothing_else(
    name=TEXT,
    queue=TEXT,
    shard=INTEGER,
    state=one_of(*ScheduleState),
    words=TEXT,
    cron=maybe(TEXT),
    tz=maybe(TEXT),
    every_ms=maybe(INTEGER),
    anchor_ms=maybe(INTEGER),
    at_ms=maybe(INTEGER),
    start_ms=maybe(INTEGER),
    end_ms=maybe(INTEGER),
    jitter_ms=maybe(INTEGER),
    misfire=TEXT,
    overlap=one_of(*Overlap),
    application=maybe(TEXT),
    handler=TEXT,
    args=listed(ANYTHING),
    kwargs=mapped(ANYTHING),
    priority=INTEGER,
    max_attempts=maybe(INTEGER),
    timeout_ms=maybe(INTEGER),
    expires_ms=maybe(INTEGER),
    deadline_ms=maybe(INTEGER),
    retention_ms=maybe(INTEGER),
    keep=maybe(one_of(*Keep)),
    last_id=maybe(TEXT),
    last_state=maybe(one_of(*TaskState)),
    next_ms=maybe(INTEGER),
    slots=listed(nothing_else(slot_ms=INTEGER, local=TEXT)),
    now_ms=INTEGER,
)

OF_SCHEDULES: Mapping[str, JsonSchema] = {
    "Schedule": _SCHEDULE,
    "UndecodableSchedule": nothing_else(name=TEXT, queue=TEXT, undecodable=TEXT),
    "Schedules": page("schedules", {"oneOf": [reference("Schedule"), reference("UndecodableSchedule")]}),
}
