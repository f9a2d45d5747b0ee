"""The values that go into the edges of the state machine and come out of them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from redisched.codec import DIGEST_BYTES
from redisched.layout import Layout


class Status(StrEnum):
    """What an edge did with one task."""

    CREATED = "CREATED"
    EXISTS = "EXISTS"
    CONFLICT = "CONFLICT"
    BEYOND = "BEYOND"
    STALE = "STALE"
    GROWN = "GROWN"
    RENEWED = "RENEWED"
    CANCELLING = "CANCELLING"
    ACKED = "ACKED"
    RETRIED = "RETRIED"
    BURIED = "BURIED"
    RELEASED = "RELEASED"
    RECOVERED = "RECOVERED"
    QUARANTINED = "QUARANTINED"
    CANCELLED = "CANCELLED"
    REVIVED = "REVIVED"
    REPRIORITIZED = "REPRIORITIZED"
    HELD = "HELD"
    ALREADY = "ALREADY"
    ENDED = "ENDED"
    LOST = "LOST"
    UNKNOWN = "UNKNOWN"


class NewTask(NamedTuple):
    """A task to enqueue; `when` is +delay or @time in milliseconds, `record` digest and body. `traits` is what is
    special about it, as text; empty for most.
    """

    id: str
    priority: int
    when: str
    record: bytes
    traits: bytes = b""


class KnownTask(NamedTuple):
    """A task to look for, with the digest of its record."""

    id: str
    digest: bytes


class Lease(NamedTuple):
    """A leased task: what a claim gives, and what settling it takes. `token` is the fence."""

    id: str
    token: int
    score: int
    attempts: int
    crashes: int
    redeliveries: int
    record: bytes
    too_long: int = 0
    """Bytes of a record that is not given, as it is longer than was asked for."""


class Tries(NamedTuple):
    """What came of a task's earlier leases."""

    attempts: int
    crashes: int
    redeliveries: int


class Claim(NamedTuple):
    """The answer to a claim. `next_due_ms` is when a further task of the queue falls due, None without any."""

    now_us: int
    next_due_ms: int | None
    leases: list[Lease]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """What a worker asks for. The same nonce is answered with the same tasks."""

    worker: str
    nonce: str
    limit: int
    ahead_ms: int
    ahead_limit: int
    lease_ms: int
    longest_record: int = 256 * 1024 + DIGEST_BYTES


class Ack(NamedTuple):
    """An ended task and its outcome: digest and encoded outcome. A negative `retention_ms` lets it go sooner."""

    id: str
    token: int
    retention_ms: int
    outcome: bytes


class Retry(NamedTuple):
    """A failed attempt, to be repeated after `delay_ms`."""

    id: str
    token: int
    delay_ms: int
    failure: bytes


class Bury(NamedTuple):
    """A task that will not be tried again."""

    id: str
    token: int
    failure: bytes


class Release(NamedTuple):
    """A task given back unrun: to its own place, or after a pause."""

    id: str
    token: int
    pause_ms: int


class Reprioritization(NamedTuple):
    """Another priority and another time of a task that waits, +delay or @time in milliseconds; empty to keep them."""

    id: str
    priority: int | str
    when: str


class Crash(NamedTuple):
    """A task whose handler's process died under it, while its worker lives."""

    id: str
    token: int
    crash_limit: int
    failure: bytes


BLAMELESS = -1
"""In place of the time of a start: should the worker die now, that is not held against the task."""


class Renewal(NamedTuple):
    """A lease to lengthen; `started_ms` is 0 until its handler has started, BLAMELESS once its worker stops."""

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
    """How to reap; see reap.lua."""

    worker: str
    hold_ms: int
    grace_ms: int
    limit: int
    crash_limit: int
    failure: bytes
    lease_ms: int


class ReapOutcome(StrEnum):
    """What became of a call to reap."""

    REAPED = "REAPED"
    GRACE = "GRACE"
    BUSY = "BUSY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireRequest:
    """How many tasks to look at, and after which time again at those that a worker holds."""

    limit: int
    lease_ms: int


class Expired(NamedTuple):
    """The answer to expire: how many tasks ended, and at how many it looked."""

    tasks: int
    looked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetLimits:
    """What to forget: ended tasks whose retention is over, and outcomes beyond the newest `kept` for which nobody asked
    for a retention, not more than `sooner_ms` before it is over. `limit` of each kind at most.
    """

    limit: int
    dead_retention_ms: int
    kept: int = 100_000
    sooner_ms: int = 585_000


class Forgotten(NamedTuple):
    """The answer to forget: how many tasks, and how many of these before their retention was over."""

    tasks: int
    sooner: int


class Reaped(NamedTuple):
    """The answer to reap. `until_ms` is the next expiry, or the end of the grace or of the other worker's hold."""

    outcome: ReapOutcome
    now_ms: int
    until_ms: int | None
    tasks: list[tuple[str, Status]]
    layout: Layout = Layout()
    expiring_ms: int | None = None
    """When the next task expires that nobody has started, None for never."""


_TRIES = re.compile(rb"(\d{1,9}) (\d{1,9}) (\d{1,9}) \d+")
UNTRIED = Tries(0, 0, 0)


def tries_of(stored: bytes) -> Tries:
    """The tries in `attempts crashes redeliveries token`; none in nothing, nor in what nobody of ours wrote."""
    found = _TRIES.fullmatch(stored) if stored else None
    return Tries(*map(int, found.groups())) if found else UNTRIED
