"""What the scrubber asks of a queue, and what it is told."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Repair(StrEnum):
    """What was wrong with a task, and what was done about it."""

    RECORD_LOST = "RECORD_LOST"
    """It waited or was dead, and its record is gone: it is dead, and cannot be run again."""
    PLACE_LOST = "PLACE_LOST"
    """Its record was in no place: it waits, from now on, as its time is lost, and mostly its priority."""
    LEASE_LOST = "LEASE_LOST"
    """A worker held it without a lease, which would never have ended: it has one."""
    HOLDER_LOST = "HOLDER_LOST"
    """Nobody held it under its lease: the lease is gone."""
    OUTCOME_LOST = "OUTCOME_LOST"
    """It had ended, nobody knows how: it is forgotten."""
    EXPIRY_LOST = "EXPIRY_LOST"
    """Its outcome would never have been forgotten: it will be."""
    DEADLINE_LOST = "DEADLINE_LOST"
    """It expires, and nobody would have looked whether it has: somebody will."""
    FAILURE_LOST = "FAILURE_LOST"
    """It was dead without a reason: it has one that says so."""
    TWICE = "TWICE"
    """It was in two places: it is in the later one of its life."""
    STRAY = "STRAY"
    """Something was left of a task that is gone, or of an earlier part of its life: it is removed."""
    UNREADABLE = "UNREADABLE"
    """Something that is kept of it was not as redisched writes it: it is removed."""
    CANCELLED = "CANCELLED"
    """Nobody held it, and its cancellation had been asked for: it is cancelled."""


class Balance(NamedTuple):
    """How far the sizes of a queue's keys are from what they are in a sound queue.

    Records beyond tasks in a place, holders beyond leases, and outcomes beyond those that will be forgotten.
    """

    unplaced: int
    unleased: int
    untimed: int


SOUND = Balance(0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubRequest:
    """Where to look, from the cursor on in the first of the parts, and what to write where something is lost."""

    parts: tuple[str, ...]
    cursor: str
    limit: int
    lease_ms: int
    retention_ms: int
    priority: int
    no_record: bytes
    no_failure: bytes


class Scrubbed(NamedTuple):
    """The answer to scrub: the parts that are still to be looked through, and the cursor in the first of them."""

    parts: tuple[str, ...]
    cursor: str
    balance: Balance
    repairs: list[tuple[str, Repair]]
