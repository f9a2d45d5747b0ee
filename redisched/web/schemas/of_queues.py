"""The schemas of queues and workers, and of how many tasks there are. Times are the server's, in milliseconds."""

from collections.abc import Mapping

from redisched.explain.reason import Reason
from redisched.web.schemas.making import (
    BOOLEAN,
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

PAUSE = maybe(nothing_else(since_ms=INTEGER, until_ms=maybe(INTEGER), by=TEXT))
"""Since when a queue is paused, until when (null: until it is resumed), and by whom; null if it is not paused."""
_COUNTS: Mapping[str, JsonSchema] = {
    "ready": INTEGER,
    "scheduled": INTEGER,
    "leased": INTEGER,
    "dead": INTEGER,
    "finished": INTEGER,
    "oldest_ready_ms": maybe(INTEGER),
    "priorities": listed(nothing_else(priority=INTEGER, ready=INTEGER, scheduled=INTEGER)),
    "running": INTEGER,
    "running_is_exact": BOOLEAN,
    "retrying": INTEGER,
    "retrying_is_exact": BOOLEAN,
}
"""`running` are among `leased`, `retrying` among `scheduled`; one that is not exact is at least so many."""
_TOLD_TASK = nothing_else(id=TEXT, name=TEXT, queue=TEXT, at_ms=INTEGER)
"""A task that a worker tells of: since when it runs, or when it is due."""
_READY_REASON = nothing_else(
    queue=TEXT,
    reason=one_of(*Reason),
    what=TEXT,
    count=INTEGER,
    is_exact=BOOLEAN,
    id=TEXT,
    sentence=TEXT,
    advice=TEXT,
)
"""`what` is the handler that nobody knows, or the codec that nobody has; `id` the first of the tasks."""

OF_QUEUES: Mapping[str, JsonSchema] = {
    "Overview": nothing_else(
        now_ms=INTEGER,
        queues=INTEGER,
        queues_counted=INTEGER,
        paused=listed(TEXT),
        **_COUNTS,
        workers=INTEGER,
        slots=INTEGER,
    ),
    "Queue": nothing_else(queue=TEXT, now_ms=INTEGER, **_COUNTS, shards=INTEGER, repairs=mapped(INTEGER), paused=PAUSE),
    "ReadyReasons": nothing_else(
        now_ms=INTEGER,
        ready=INTEGER,
        looked_at=INTEGER,
        queues=INTEGER,
        queues_counted=INTEGER,
        reasons=listed(_READY_REASON),
    ),
    "Queues": page("queues", reference("Queue")),
    "Worker": nothing_else(
        name=TEXT,
        host=TEXT,
        pid=INTEGER,
        state=TEXT,
        started_ms=INTEGER,
        seen_ms=INTEGER,
        until_ms=INTEGER,
        slots=INTEGER,
        busy=INTEGER,
        due=INTEGER,
        ahead=INTEGER,
        rss_bytes=maybe(INTEGER),
        running=listed(_TOLD_TASK),
        window=listed(_TOLD_TASK),
        version=maybe(TEXT),
        app_version=maybe(TEXT),
        format=maybe(INTEGER),
        codec=maybe(TEXT),
        queues=listed(TEXT),
        handlers=listed(TEXT),
        more_queues=INTEGER,
        more_handlers=INTEGER,
    ),
    "Workers": page("workers", reference("Worker")),
    "Scale": nothing_else(
        queue=TEXT,
        backlog=INTEGER,
        leased=INTEGER,
        scheduled=INTEGER,
        oldest_ready_ms=maybe(INTEGER),
        is_paused=BOOLEAN,
        workers=INTEGER,
        slots=INTEGER,
        slots_per_worker=INTEGER,
        suggested_workers=INTEGER,
        now_ms=INTEGER,
    ),
}
