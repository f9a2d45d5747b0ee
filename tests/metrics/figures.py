"""Figures of a worker, made by hand."""

from typing import Any

from redisched.activity import RUN_MS, RUNS, WAIT_MS, WAITS, Activity, AttemptEnd, bucket_of
from redisched.metrics.figures import WorkerFigures
from redisched.metrics.script_times import Times
from redisched.orders import WorkerState
from redisched.store.tallies import ActivityKey


def activity(ends: dict[AttemptEnd, int], waits_ms: tuple[int, ...] = (), runs_ms: tuple[int, ...] = ()) -> Activity:
    """What a worker counts of such attempts."""
    made = Activity()
    for end, number in ends.items():
        made.counts[end] = number
    for first, whole, durations in ((WAITS, WAIT_MS, waits_ms), (RUNS, RUN_MS, runs_ms)):
        made.counts[whole] = sum(durations)
        for duration_ms in durations:
            made.counts[first + bucket_of(duration_ms)] += 1
    return made


def figures(rows: dict[ActivityKey, Activity] | None = None, **more: Any) -> WorkerFigures:
    """A worker of the queue `mail` that works."""
    usual: dict[str, Any] = {
        "queues": ("mail",),
        "handlers": (),
        "activity": rows or {},
        "scripts": {},
        "state": WorkerState.WORKING,
        "slots": 16,
        "busy": 3,
        "due": 2,
        "ahead": 1,
        "leased": 7,
        "stalls": {"window": False, "overdue": True},
    }
    return WorkerFigures(**usual | more)


def times(*took_us: tuple[int, int]) -> Times:
    """Calls of a script: bucket and microseconds of each."""
    made = Times()
    for bucket, us in took_us:
        made.counts[bucket] += 1
        made.sum_us += us
    return made
