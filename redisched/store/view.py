"""What observers see of a queue and its tasks, made from the bytes in Redis.

These bytes are not trusted: if some of them cannot be decoded, the task is shown as undecodable, and the listing goes
on.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from redisched.codec import DIGEST_BYTES, decode_failures, decode_kept_task, decode_outcome, decode_task
from redisched.errors import Undecodable
from redisched.model import (
    LARGEST_RUN_AT_MS,
    UNTIL_DONE,
    UNTIL_STARTED,
    Failure,
    Outcome,
    TaskBody,
    TaskState,
    band_of,
    run_at_of,
)
from redisched.store.tries import tries_of

T = TypeVar("T")

PENDING = (TaskState.READY, TaskState.SCHEDULED, TaskState.RETRYING)
"""The states in which a task waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task at one moment. Times are the server's, in milliseconds; None or 0 if there is no such time.

    An ended task has arguments, priority and time only if it was kept whole. `failures` are its failed attempts, oldest
    first. `unique_key` is the digest of the task's unique key; `unique_for` says until when the task holds it, "" for a
    dead task. A successor waits until the task that holds its key has ended; it has no time until then.
    `claimed_ms` is when a worker claimed the task that it has, also if it has renewed its lease since.
    `undecodable` says why the body or the outcome cannot be read, "" if they can.
    """

    id: str
    queue: str
    state: TaskState
    now_ms: int
    shard: int = 0
    body: TaskBody | None = None
    priority: int | None = None
    run_at_ms: int | None = None
    attempts: int = 0
    crashes: int = 0
    redeliveries: int = 0
    cancel_requested: bool = False
    expires_ms: int | None = None
    deadline_ms: int | None = None
    checkpoint_bytes: int = 0
    unique_key: str = ""
    unique_for: str = ""
    is_successor: bool = False
    worker: str = ""
    claimed_ms: int | None = None
    lease_until_ms: int | None = None
    started_ms: int = 0
    died_ms: int | None = None
    forgotten_ms: int | None = None
    failures: tuple[Failure, ...] = ()
    outcome: Outcome | None = None
    undecodable: str = ""

    @property
    def name(self) -> str:
        """The name of the handler, from the body, the outcome or the failure, whichever there is."""
        for source in (self.body, self.outcome, self.failure):
            if source is not None and source.name:
                return source.name
        return ""

    @property
    def failure(self) -> Failure | None:
        """The newest failure."""
        return self.failures[-1] if self.failures else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityCounts:
    """The waiting tasks of one priority."""

    priority: int
    ready: int
    scheduled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """How many tasks a queue has in each state, exactly.

    `scheduled` counts all tasks that wait for their time, also retries. `leased` counts tasks that workers have,
    running or not yet. `oldest_ready_ms` is for how long the oldest ready task has been due, None if no task is ready.
    """

    queue: str
    now_ms: int
    ready: int
    scheduled: int
    leased: int
    dead: int
    finished: int
    oldest_ready_ms: int | None
    priorities: tuple[PriorityCounts, ...]


def total(parts: Sequence[QueueCounts]) -> QueueCounts:
    """The counts of a queue: the sums of those of its shards, of which there is at least one."""
    if len(parts) == 1:
        return parts[0]
    ready: Counter[int] = Counter()
    scheduled: Counter[int] = Counter()
    for one in (one for part in parts for one in part.priorities):
        ready[one.priority] += one.ready
        scheduled[one.priority] += one.scheduled
    return QueueCounts(
        queue=parts[0].queue,
        now_ms=max(part.now_ms for part in parts),
        ready=sum(part.ready for part in parts),
        scheduled=sum(part.scheduled for part in parts),
        leased=sum(part.leased for part in parts),
        dead=sum(part.dead for part in parts),
        finished=sum(part.finished for part in parts),
        oldest_ready_ms=max((part.oldest_ready_ms for part in parts if part.oldest_ready_ms is not None), default=None),
        priorities=tuple(
            PriorityCounts(priority=priority, ready=ready[priority], scheduled=scheduled[priority])
            for priority in sorted(ready)
        ),
    )


class Facts(NamedTuple):
    """What read/task.lua answers about one task."""

    place: bytes
    number: bytes
    holder: bytes
    tries: bytes
    failure: bytes
    outcome: bytes
    request: bytes
    traits: bytes
    checkpoint: bytes


_EXPIRES = re.compile(rb"(?:^| )expires=(\d{1,16}) ")
_DEADLINE = re.compile(rb"(?:^| )deadline=(\d{1,16})!? ")
_UNIQUE = re.compile(rb"(?:^| )unique=([0-9a-f]+) (\w+) ")
_SCOPES = {UNTIL_STARTED.encode(): "until_started", UNTIL_DONE.encode(): "until_done"}
_NUMBER = re.compile(rb"\d{1,16}")
_HOLDER = re.compile(rb"(\d+) (\d{1,16}) (\d{1,16}) (.*)", re.DOTALL)


class _Holder(NamedTuple):
    token: bytes
    score: int
    started_ms: int
    worker: str


def views_of(ids: Sequence[str], queue: str, shard: int, reply: Sequence[bytes]) -> list[TaskView]:
    """The tasks with these ids as observers see them, from what read/task.lua or watch.lua answers."""
    now_ms, *rest = reply
    facts = (Facts(*rest[at : at + len(Facts._fields)]) for at in range(0, len(rest), len(Facts._fields)))
    return [view_of(id, queue, shard, int(now_ms), of_one) for id, of_one in zip(ids, facts, strict=True)]


def count_of_facts(reply: Sequence[bytes]) -> int:
    """The number of tasks that a reply of read/task.lua is about."""
    return (len(reply) - 1) // len(Facts._fields)


def view_of(task_id: str, queue: str, shard: int, now_ms: int, facts: Facts) -> TaskView:
    """A task as an observer sees it, without its body."""
    number = int(facts.number) if _NUMBER.fullmatch(facts.number) else None
    attempts, crashes, redeliveries = tries_of(facts.tries)
    failed_score, failures, _ = _decoded(facts.failure, decode_failures)
    _, outcome, undecodable = _decoded(facts.outcome, lambda stored: decode_outcome(stored[DIGEST_BYTES:]))
    _, kept, unreadable = _decoded(facts.outcome, lambda stored: decode_kept_task(stored[DIGEST_BYTES:]))
    holder = _holder(facts.holder) if facts.place == b"leased" else None
    score = {
        b"waiting": number,
        b"leased": holder.score if holder else None,
        b"dead": failed_score,
        b"ended": kept.score if kept else None,
    }.get(facts.place)
    unique = _UNIQUE.search(facts.traits)
    is_successor = unique is not None and facts.place == b"waiting" and run_at_of(number or 0) == LARGEST_RUN_AT_MS
    return TaskView(
        id=task_id,
        queue=queue,
        shard=shard,
        state=_state(facts.place, number, attempts, holder, outcome, now_ms),
        now_ms=now_ms,
        priority=None if score is None else band_of(score),
        run_at_ms=None if score is None or is_successor else run_at_of(score),
        attempts=outcome.attempt if outcome else attempts,
        crashes=crashes,
        redeliveries=redeliveries,
        cancel_requested=bool(facts.request),
        expires_ms=_moment_ms(_EXPIRES, facts.traits),
        deadline_ms=_moment_ms(_DEADLINE, facts.traits),
        checkpoint_bytes=int(facts.checkpoint),
        unique_key=unique[1].decode() if unique else "",
        unique_for=_SCOPES.get(unique[2], "some_time") if unique and facts.place != b"dead" else "",
        is_successor=is_successor,
        worker=holder.worker if holder else outcome.worker if outcome else "",
        claimed_ms=_claimed_ms(holder, now_ms) if holder else None,
        lease_until_ms=number if holder else None,
        started_ms=holder.started_ms if holder else outcome.started_ms if outcome else 0,
        died_ms=number if facts.place == b"dead" else None,
        forgotten_ms=number if facts.place == b"ended" else None,
        body=kept.body if kept else None,
        failures=(kept.failures if kept else failures) or (),
        outcome=outcome,
        undecodable=undecodable or unreadable,
    )


def with_body(view: TaskView, record: bytes | None) -> TaskView:
    """The same task with the body from its record. `record` is None for a task that has none any more."""
    if record is None:
        return view
    # The limit for the size of a body is checked by producers and workers; an observer shows any size.
    body, reason = _attempt(lambda stored: decode_task(stored, len(stored)), record)
    return replace(view, body=body, undecodable=view.undecodable or reason)


def _state(
    place: bytes, number: int | None, attempts: int, holder: _Holder | None, outcome: Outcome | None, now_ms: int
) -> TaskState:
    if place == b"leased":
        return TaskState.RUNNING if holder and holder.started_ms else TaskState.LEASED
    if place == b"waiting" and number is not None:
        if run_at_of(number) <= now_ms:
            return TaskState.READY
        return TaskState.RETRYING if attempts else TaskState.SCHEDULED
    if place == b"dead":
        return TaskState.DEAD
    return outcome.state if outcome else TaskState.UNKNOWN


def _moment_ms(trait: re.Pattern[bytes], traits: bytes) -> int | None:
    found = trait.search(traits)
    return int(found[1]) if found else None


def _holder(stored: bytes) -> _Holder | None:
    found = _HOLDER.fullmatch(stored)
    if found is None:
        return None
    token, score, started_ms, worker = found.groups()
    return _Holder(token, int(score), int(started_ms), worker.decode("utf-8", "backslashreplace"))


def _claimed_ms(holder: _Holder, now_ms: int) -> int | None:
    """When a task was claimed. A claim's token is the time in microseconds; only where the clock of the server was set
    back it runs ahead until the clock has caught up, and does not tell the time.
    """
    claimed_ms = int(holder.token) // 1000 if _NUMBER.fullmatch(holder.token) else 0
    return claimed_ms if 0 < claimed_ms <= now_ms else None


def _decoded(kept: bytes, decode: Callable[[bytes], T]) -> tuple[int | None, T | None, str]:
    """The number and the decoded value of 'number value', and why the value cannot be read, "" if it can."""
    if not kept:
        return None, None, ""
    number, _, encoded = kept.partition(b" ")
    return int(number) if _NUMBER.fullmatch(number) else None, *_attempt(decode, encoded)


def _attempt(decode: Callable[[bytes], T], encoded: bytes) -> tuple[T | None, str]:
    try:
        return decode(encoded), ""
    except Undecodable as error:
        return None, error.reason or "unreadable bytes"
