"""The records of a history, one JSON line each.

Times are milliseconds by the server's clock. An id is unique within its queue, so both name a task.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from redisched.model import TaskState
from redisched.store.values import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something that happened."""

    at_ms: float


class EnqueueStep(StrEnum):
    """How far an enqueue came, as its producer knows."""

    INVOKED = "invoked"
    """It is about to be sent."""
    OK = "ok"
    """It was acknowledged."""
    FAILED = "failed"
    """It was refused, or another one of the same call was."""
    UNKNOWN = "unknown"
    """It was not answered: it may have happened. So may one of which nothing more was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue(Record):
    """A producer's word on a task, which must not start before `not_before_ms`."""

    queue: str
    task: str
    step: EnqueueStep
    not_before_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Record):
    """A handler begins, under a lease whose token is `fence`."""

    queue: str
    task: str
    attempt: int
    fence: int
    priority: int
    run_at_ms: int
    worker: str


class Ending(StrEnum):
    """How a handler ended."""

    RETURNED = "returned"
    RAISED = "raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Record):
    """A handler has ended; whether that counts is for the server to say."""

    queue: str
    task: str
    fence: int
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Record):
    """The server took a new task, which is due at `due_ms`."""

    queue: str
    task: str
    priority: int
    due_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Record):
    """The server leased a task to a worker under a new token."""

    queue: str
    task: str
    fence: int
    worker: str
    priority: int
    due_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Record):
    """The server ended a lease, or a task that waited, in the way that `status` says.

    `fence` is the token of the lease that ended, None for a task that waited. `due_ms` is when the task is due again,
    None if it does not wait.
    """

    queue: str
    task: str
    fence: int | None
    status: Status
    due_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered(Record):
    """The server was asked for an edge and did not live, or was not waited for, to answer. It may have done it."""

    queue: str
    edge: str


class SlotState(StrEnum):
    """What became of one moment of a schedule."""

    DUE = "due"
    """It passed while a scheduler was up."""
    FIRED = "fired"
    """Its task was enqueued."""
    SKIPPED = "skipped"
    """It was left out, as the policy for missed slots says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot(Record):
    """One moment, `slot_ms`, of a schedule."""

    schedule: str
    slot_ms: int
    state: SlotState


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Record):
    """Where a task stands after the run: the short names of the keys that know its id, sorted; and how it ended."""

    queue: str
    task: str
    places: tuple[str, ...]
    ended: TaskState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalPlaces(Record):
    """Every task of a queue was found, so many in all. No task had been forgotten before."""

    queue: str
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbed(Record):
    """Something was broken or healed on purpose."""

    what: str
    victim: str


_ALL = (Enqueue, Start, End, Waiting, Claimed, Settled, Unanswered, Slot, Found, FinalPlaces, Disturbed)
_KINDS: dict[str, type[Record]] = {kind.__name__.lower(): kind for kind in _ALL}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _NAMES}
_FROM_TEXT: dict[str, Callable[[Any], Any]] = {
    "step": EnqueueStep,
    "ending": Ending,
    "status": Status,
    "state": SlotState,
    "places": tuple,
    "ended": lambda state: None if state is None else TaskState(state),
}
_CONVERSIONS = {
    name: (kind, [(field, _FROM_TEXT[field]) for field in _FIELDS[kind] if field in _FROM_TEXT])
    for name, kind in _KINDS.items()
}


def encode(record: Record) -> bytes:
    """A record as a line, with its end."""
    kind = type(record)
    facts = {"kind": _NAMES[kind], **{name: getattr(record, name) for name in _FIELDS[kind]}}
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Record:
    """The record in a line. Raises ValueError for a line that holds none."""
    try:
        facts: dict[str, Any] = json.loads(line)
        kind, conversions = _CONVERSIONS[facts.pop("kind")]
        for name, convert in conversions:
            facts[name] = convert(facts[name])
        return kind(**facts)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no record of a history: {line[:200]!r}") from error
