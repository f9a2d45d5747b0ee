"""The requests and replies of the scripts about schedules."""

from enum import StrEnum
from typing import NamedTuple

ALIVE_MS = 30_000
"""A worker counts as alive so long after it has announced the schedules of its code."""


class ScheduleStatus(StrEnum):
    """What a script did with one schedule or one slot of it; the header of each script says what it means there."""

    FIRED = "FIRED"
    EXISTS = "EXISTS"
    SKIPPED = "SKIPPED"
    NOT_DUE = "NOT_DUE"
    MOVED = "MOVED"
    STORED = "STORED"
    CHANGED = "CHANGED"
    SUPERSEDED = "SUPERSEDED"
    STALE_SHARD_MAP = "STALE_SHARD_MAP"
    REMOVED = "REMOVED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    ALREADY = "ALREADY"
    UNKNOWN = "UNKNOWN"


class OverlapRule(StrEnum):
    """What `fire` is told of a slot whose predecessor has not ended."""

    ALLOW = "allow"
    SKIP = "skip"
    PASS = "pass"
    """Enqueue nothing in any case, and go on to the following slot."""


class SlotFiring(NamedTuple):
    """One slot to fire: the version and the slot that the schedule is believed to have, the slot after it (0: none),
    and the task to enqueue.
    """

    name: str
    version: str
    slot_ms: int
    following: int | str
    overlap: OverlapRule
    id: str = ""
    priority: int = 0
    run_at_ms: int = 0
    record: bytes = b""
    traits: bytes = b""


class NewSchedule(NamedTuple):
    """A schedule to add, or to put in the place of its version `basis`. An empty `slot` says that none is to come."""

    name: str
    basis: str
    version: str
    definition: bytes
    slot: int | str


class ScheduleRemoval(NamedTuple):
    """A schedule to remove; an empty `basis` stands for any version."""

    name: str
    basis: str = ""


class Resumption(NamedTuple):
    """A paused schedule that is to fire again. An empty `slot` says that none is to come."""

    name: str
    version: str
    slot: int | str


class Declarer(NamedTuple):
    """On whose behalf schedules are declared, and in which epoch. NOBODY for what is added or removed by hand."""

    application: str
    epoch: str


NOBODY = Declarer("", "")


class Announcement(NamedTuple):
    """The reply to an announcement: whether the worker's schedules are to be declared, and in which epoch."""

    is_current: bool
    epoch: str


class ScheduleState(StrEnum):
    """Whether a schedule fires."""

    ACTIVE = "active"
    PAUSED = "paused"
    """It fires no more until it is resumed."""
    OVER = "over"
    """No slot of it is left."""
    DAMAGED = "damaged"
    """Another program has removed or changed what is stored of its state: it fires no more, and can be removed."""


class StoredSchedule(NamedTuple):
    """A schedule as it is stored. `slot_ms` is its next slot, None if none is to come. `last_id` is the task of the
    slot that was fired last, empty if there was none. Of a damaged one the version is empty.
    """

    name: str
    version: str
    state: ScheduleState
    slot_ms: int | None
    last_id: str
    ahead_ids: tuple[str, ...]
    definition: bytes
