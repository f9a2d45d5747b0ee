"""How many tasks match a filter: exactly where Redis knows the number, or after a limited number of looks."""

from dataclasses import dataclass

from redisched.filters.filter import Filter
from redisched.filters.reading import LOOKS, read_by_ids, shards_of
from redisched.filters.scan import STEP, Scan
from redisched.model import TaskState
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.page import Place
from redisched.store.view import QueueCounts

_COUNTED: tuple[tuple[str, frozenset[TaskState]], ...] = (
    ("ready", frozenset({TaskState.READY})),
    ("scheduled", frozenset({TaskState.SCHEDULED, TaskState.RETRYING})),
    ("leased", frozenset({TaskState.LEASED, TaskState.RUNNING})),
    ("dead", frozenset({TaskState.DEAD})),
    ("finished", frozenset({TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.EXPIRED, TaskState.LOST})),
)
"""The counts of a queue that are known without reading tasks, each with the states that it has together."""


@dataclass(frozen=True, slots=True)
class MatchCount:
    """How many tasks match. If `is_exact` is false there are at least so many, as not all tasks were looked at; another
    count goes on at `cursor`.
    """

    matched: int
    is_exact: bool
    looked_at: int
    cursor: str | None = None


def count_matching(
    script_runner: ScriptRunner, wanted: Filter, looks: int = LOOKS, cursor: str | None = None
) -> Operation[MatchCount]:
    """Count the tasks that match, for which about `looks` tasks are looked at, at most; those after a cursor, if one is
    given.

    A filter of queues and states alone is counted exactly without a look, if the states are among those that a queue
    counts. Raises ShardMapDamaged and BrokerError.
    """
    shards = yield from shards_of(script_runner, wanted)
    if wanted.ids is not None:
        page = yield from read_by_ids(shards, wanted)
        return MatchCount(len(page.views), True, page.looked_at)
    fields = _fields(wanted)
    if fields is not None:
        matched = 0
        for shard in shards:
            counts: QueueCounts = yield from shard.counts()
            matched += sum(getattr(counts, field) for field in fields)
        return MatchCount(matched, True, 0)
    scan = Scan(shards, wanted, None if cursor is None else Place.read("cursor", cursor))
    matched = 0
    while not scan.is_over and scan.looked_at < looks:
        matched += len((yield from scan.step(2 * STEP)))
    return MatchCount(matched, scan.is_over, scan.looked_at, scan.cursor)


def _fields(wanted: Filter) -> list[str] | None:
    """The counts that add up to what is wanted, None if none do."""
    if wanted.is_residual:
        return None
    fields = [field for field, states in _COUNTED if states <= wanted.states]
    counted = frozenset[TaskState]().union(*(states for field, states in _COUNTED if field in fields))
    return fields if counted == wanted.states else None
