"""The requests of the scrubber and their answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Repair(StrEnum):
    """What was wrong with a task, and how it was repaired."""

    RECORD_LOST = "RECORD_LOST"
    """The task waited or was dead, and its record is gone. It is dead now, and cannot be revived."""
    PLACE_LOST = "PLACE_LOST"
    """There was a record, but the task was in no place. It waits to run now: its time is lost, and mostly its
    priority.
    """
    LEASE_LOST = "LEASE_LOST"
    """A worker had the task without a lease, so it would never have been taken back. It has a lease now."""
    HOLDER_LOST = "HOLDER_LOST"
    """There was a lease, but no worker had the task. The lease was removed."""
    OUTCOME_LOST = "OUTCOME_LOST"
    """The task had ended, and its outcome is gone. It is forgotten."""
    EXPIRY_LOST = "EXPIRY_LOST"
    """The outcome of the task had no time to be forgotten. It has one now."""
    DEADLINE_LOST = "DEADLINE_LOST"
    """The task expires, but would never have been looked at. It will be."""
    KEY_LOST = "KEY_LOST"
    """The task did not hold its unique key, and no other task did. It holds it now."""
    FAILURE_LOST = "FAILURE_LOST"
    """The task was dead, and its failure is gone. It has a failure now that says so."""
    TWICE = "TWICE"
    """The task was in two places. It was removed from the one that comes earlier in a task's life."""
    STRAY = "STRAY"
    """Something was left of a task that is gone, or of an earlier state of the task. It was removed."""
    UNREADABLE = "UNREADABLE"
    """Something that is stored for the task was not in the form that redisched writes. It was removed."""
    CANCELLED = "CANCELLED"
    """No worker had the task, and its cancellation had been requested. It is cancelled now."""


class Balance(NamedTuple):
    """How much the sizes of a queue's keys differ from those of a queue without damage.

    `unplaced` is the number of records minus that of tasks in a place, `unleased` the number of holders minus that of
    leases, and `untimed` the number of outcomes minus that of outcomes with a time to be forgotten.
    """

    unplaced: int
    unleased: int
    untimed: int


SOUND = Balance(0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubRequest:
    """Which keys to read (`parts`), from the cursor on in the first of them, and what to write where something is
    lost.
    """

    parts: tuple[str, ...]
    cursor: str
    limit: int
    lease_ms: int
    retention_ms: int
    priority: int
    no_record: bytes
    no_failure: bytes


class Scrubbed(NamedTuple):
    """The answer to scrub: the keys that are still to be read (`parts`), and the cursor in the first of them."""

    parts: tuple[str, ...]
    cursor: str
    balance: Balance
    repairs: list[tuple[str, Repair]]
