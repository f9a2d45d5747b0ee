"""The requests and replies of the transitions of the state machine."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self

from redisched.codec import DIGEST_BYTES
from redisched.shard_map import ShardMap

_UNIQUE = b"unique="


class Status(StrEnum):
    """What a transition did with one task; ADDED, PAUSED to NOT_EMPTY are about a shard."""

    CREATED = "CREATED"
    EXISTS = "EXISTS"
    CONFLICT = "CONFLICT"
    TOO_LATE = "TOO_LATE"
    STALE_SHARD_MAP = "STALE_SHARD_MAP"
    ADDED = "ADDED"
    RENEWED = "RENEWED"
    STARTED = "STARTED"
    SAVED = "SAVED"
    REPORTED = "REPORTED"
    CANCELLING = "CANCELLING"
    ACKED = "ACKED"
    RETRIED = "RETRIED"
    SNOOZED = "SNOOZED"
    BURIED = "BURIED"
    RELEASED = "RELEASED"
    RECOVERED = "RECOVERED"
    QUARANTINED = "QUARANTINED"
    CANCELLED = "CANCELLED"
    NOT_AGAIN = "NOT_AGAIN"
    REVIVED = "REVIVED"
    DISCARDED = "DISCARDED"
    DELETED = "DELETED"
    TAKEN = "TAKEN"
    REPRIORITIZED = "REPRIORITIZED"
    LEASED = "LEASED"
    EXPIRES = "EXPIRES"
    ALREADY = "ALREADY"
    ENDED = "ENDED"
    LOST = "LOST"
    MOVED = "MOVED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    REMOVED = "REMOVED"
    NOT_EMPTY = "NOT_EMPTY"
    UNKNOWN = "UNKNOWN"


class NewTask(NamedTuple):
    """A task to enqueue. `when` is +delay or @time in milliseconds; `record` is the digest followed by the body.

    `traits` holds rare properties as text, such as the time until which the task may start; empty for most tasks.
    """

    id: str
    priority: int
    when: str
    record: bytes
    traits: bytes = b""

    @property
    def is_unique(self) -> bool:
        """Whether the task has a unique key."""
        return self.traits.startswith(_UNIQUE)

    def if_held(self) -> "NewTask":
        """The same task, which a shard adds only if it has a task with the same unique key; else it says UNKNOWN."""
        return self._replace(traits=b"?" + self.traits)

    @classmethod
    def question(cls, key: str) -> Self:
        """A task that is never added: the answer to its enqueue is which task holds a unique key, or UNKNOWN."""
        return cls("?", 0, "+0", b"", f"?unique={key} done return 0 0 00 ".encode())


class KnownTask(NamedTuple):
    """A task to look up, with the digest of its record."""

    id: str
    digest: bytes


class Lease(NamedTuple):
    """A leased task, as a claim returns it. `token` is the fence: only its holder can settle the task."""

    id: str
    token: int
    score: int
    attempts: int
    crashes: int
    redeliveries: int
    record: bytes
    too_long: int = 0
    """The size of the record in bytes if it is longer than the claim allowed; `record` is empty then. Else 0."""
    has_checkpoint: bool = False


class Claim(NamedTuple):
    """The reply to a claim. `next_due_ms` is when the next waiting task is due (server time), or None. If the shard is
    paused, it is when the pause ends.
    """

    now_us: int
    next_due_ms: int | None
    leases: list[Lease]
    is_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """The arguments of a claim. A repeated claim with the same nonce is answered with the same tasks."""

    worker: str
    nonce: str
    limit: int
    ahead_ms: int
    ahead_limit: int
    lease_ms: int
    longest_record: int = 256 * 1024 + DIGEST_BYTES


class Ack(NamedTuple):
    """An ended task; `outcome` is digest and encoded outcome. Negative `retention_ms`: it may be deleted sooner."""

    id: str
    token: int
    retention_ms: int
    outcome: bytes


class FailedAttempt(NamedTuple):
    """A task whose attempt failed, to be tried again after `delay_ms`. No attempt may begin from `until_ms` on (server
    time; 0: no such moment): then it is dead.
    """

    id: str
    token: int
    delay_ms: int
    failure: bytes
    until_ms: int = 0


class OnlyStart(NamedTuple):
    """A task that starts and may start only once. `outcome` is its end if it is lost: digest and encoded outcome, up to
    the time of the end. Negative `retention_ms`: the outcome may be deleted sooner.
    """

    id: str
    token: int
    started_ms: int
    retention_ms: int
    outcome: bytes


class Checkpoint(NamedTuple):
    """How far the handler of a task has come, encoded."""

    id: str
    token: int
    state: bytes


class SnoozedTask(NamedTuple):
    """A task for which it was too early, to run again after `delay_ms`. No attempt is counted."""

    id: str
    token: int
    delay_ms: int


class Bury(NamedTuple):
    """A task that will not be tried again."""

    id: str
    token: int
    failure: bytes


class Release(NamedTuple):
    """A leased task to return. If `pause_ms` is 0, its priority and time stay the same. `started` is 1 if its handler
    had started and was interrupted: then it does not expire any more.
    """

    id: str
    token: int
    pause_ms: int
    started: int = 0


class Reprioritization(NamedTuple):
    """A new priority and a new time (+delay or @time in milliseconds) for a waiting task; "" keeps the old value."""

    id: str
    priority: int | str
    when: str


class Crash(NamedTuple):
    """A task whose isolated handler process died, while its worker lives."""

    id: str
    token: int
    crash_limit: int
    failure: bytes


BLAMELESS = -1
"""In place of a start time: if the worker dies now, this does not count as a crash of the task."""


class Renewal(NamedTuple):
    """A lease to extend. `started_ms` is 0 until the handler has started, and BLAMELESS once the worker stops."""

    id: str
    token: int
    started_ms: int


class Orphan(NamedTuple):
    """A task of a dead worker; `started` is 1 if its handler had started."""

    id: str
    token: int
    started: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReapRequest:
    """The arguments of a reap; reap.lua explains each."""

    worker: str
    hold_ms: int
    grace_ms: int
    limit: int
    crash_limit: int
    failure: bytes
    lease_ms: int


class ReapOutcome(StrEnum):
    """What a reap did; reap.lua explains each."""

    REAPED = "REAPED"
    GRACE = "GRACE"
    BUSY = "BUSY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireRequest:
    """At most how many tasks to check; a task that a worker has leased is checked again after `lease_ms`."""

    limit: int
    lease_ms: int


class Expired(NamedTuple):
    """The reply to expire: how many tasks were ended, and how many were checked."""

    tasks: int
    looked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetLimits:
    """Which ended tasks to delete, at most `limit` of each kind: those whose retention is over, and others too many.

    Of outcomes for which no retention was asked, only the newest `kept` stay; the others are deleted up to `sooner_ms`
    before their retention is over.
    """

    limit: int
    dead_retention_ms: int
    kept: int = 100_000
    sooner_ms: int = 585_000


class Forgotten(NamedTuple):
    """The reply to forget: how many tasks were deleted, and how many of these before their retention was over."""

    tasks: int
    sooner: int


class Reaped(NamedTuple):
    """The reply to reap. `until_ms` is when the next lease expires, or the grace or the other reaper's term ends."""

    outcome: ReapOutcome
    now_ms: int
    until_ms: int | None
    tasks: list[tuple[str, Status]]
    shard_map: ShardMap = ShardMap()
    expiring_ms: int | None = None
    """The server time at which the next unstarted task expires, None without one."""
