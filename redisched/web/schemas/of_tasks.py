"""The schemas of tasks. Times are the server's, in milliseconds since 1970."""

from collections.abc import Mapping

from redisched.explain.reason import Reason
from redisched.model import Keep, TaskState
from redisched.web.schemas.making import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    NUMBER,
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
from redisched.web.schemas.of_queues import PAUSE

_FAILURE = nothing_else(
    error=TEXT,
    traceback=TEXT,
    reason=maybe(TEXT),
    attempt=INTEGER,
    worker=maybe(TEXT),
    due_ms=maybe(INTEGER),
    started_ms=maybe(INTEGER),
    failed_ms=maybe(INTEGER),
)
_FIELDS: Mapping[str, JsonSchema] = {
    "id": TEXT,
    "queue": TEXT,
    "shard": INTEGER,
    "schedule": maybe(TEXT),
    "slot_ms": maybe(INTEGER),
    "state": one_of(*TaskState),
    "name": TEXT,
    "args": maybe(listed(ANYTHING)),
    "kwargs": maybe(mapped(ANYTHING)),
    "codec": maybe(TEXT),
    "headers": maybe(mapped(TEXT)),
    "priority": maybe(INTEGER),
    "run_at_ms": maybe(INTEGER),
    "attempts": INTEGER,
    "crashes": INTEGER,
    "redeliveries": INTEGER,
    "max_attempts": maybe(INTEGER),
    "timeout_ms": maybe(INTEGER),
    "retention_ms": maybe(INTEGER),
    "expires_ms": maybe(INTEGER),
    "deadline_ms": maybe(INTEGER),
    "checkpoint_bytes": maybe(INTEGER),
    "unique_key": maybe(TEXT),
    "unique_for": maybe(TEXT),
    "is_successor": BOOLEAN,
    "cancel_requested": BOOLEAN,
    "worker": maybe(TEXT),
    "lease_until_ms": maybe(INTEGER),
    "started_ms": maybe(INTEGER),
    "ended_ms": maybe(INTEGER),
    "forgotten_ms": maybe(INTEGER),
    "result": ANYTHING,
    "keep": maybe(one_of(*Keep)),
    "failure": maybe(reference("Failure")),
    "failures": listed(reference("Failure")),
    "undecodable": maybe(TEXT),
    "now_ms": INTEGER,
}
_PROGRESS = nothing_else(
    done=NUMBER,
    total=NUMBER,
    fraction=NUMBER,
    note=maybe(TEXT),
    left_s=maybe(NUMBER),
    attempt=INTEGER,
    at_ms=INTEGER,
)
_LOG_LINE = nothing_else(number=INTEGER, attempt=INTEGER, at_ms=INTEGER, text=TEXT)

OF_TASKS: Mapping[str, JsonSchema] = {
    "Failure": _FAILURE,
    "Task": nothing_else(**_FIELDS),
    "WholeTask": nothing_else(
        **_FIELDS,
        progress=maybe(_PROGRESS),
        log=listed(_LOG_LINE),
        log_dropped=INTEGER,
        explanation=reference("Explanation"),
        queue_paused=PAUSE,
    ),
    "Tasks": page("tasks", reference("Task"), looked_at=INTEGER, of_about=maybe(INTEGER)),
    "Explanation": nothing_else(
        id=TEXT,
        queue=TEXT,
        shard=INTEGER,
        state=one_of(*TaskState),
        now_ms=INTEGER,
        reason=one_of(*Reason),
        sentence=TEXT,
        advice=TEXT,
        further=listed(one_of(*Reason)),
        position=maybe(INTEGER),
        expected_start_ms=maybe(INTEGER),
        worker=maybe(TEXT),
        since_ms=maybe(INTEGER),
        until_ms=maybe(INTEGER),
        error=maybe(TEXT),
        deadline_ms=maybe(INTEGER),
    ),
}
