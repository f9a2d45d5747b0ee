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
    """An event of a run."""

    at_ms: float


class EnqueueStep(StrEnum):
    """The state of an enqueue call, as its producer knows it."""

    INVOKED = "invoked"
    """The producer is about to send the task."""
    OK = "ok"
    """The server acknowledged the task."""
    FAILED = "failed"
    """The task, or another task of the same call, was refused."""
    UNKNOWN = "unknown"
    """The call was not answered, so the task may or may not exist. An INVOKED without a later record means the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue(Record):
    """A producer's report on a task that it enqueues and that must not start before `not_before_ms`. The first
    execution may not begin from `expires_ms` on, and no other from `deadline_ms` on; None for no such time.
    `unique_key` is that of a task which holds it until it is done.
    """

    queue: str
    task: str
    step: EnqueueStep
    not_before_ms: float
    expires_ms: float | None = None
    deadline_ms: float | None = None
    unique_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Record):
    """A handler started, under a lease whose fencing token is `fence`. If it `starts_once`, there is no other start."""

    queue: str
    task: str
    attempt: int
    fence: int
    priority: int
    run_at_ms: int
    worker: str
    starts_once: bool = False


class Ending(StrEnum):
    """How a handler ended."""

    RETURNED = "returned"
    RAISED = "raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Record):
    """A handler ended. Whether the server accepts that is another record (`Settled`)."""

    queue: str
    task: str
    fence: int
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Record):
    """The server accepted a new task, which is due at `due_ms`."""

    queue: str
    task: str
    priority: int
    due_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Record):
    """The server leased a task to a worker with a new fencing token, `fence`."""

    queue: str
    task: str
    fence: int
    worker: str
    priority: int
    due_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Record):
    """The server paused a shard of a queue until `until_ms`, None for until it is resumed."""

    queue: str
    until_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Record):
    """The server ended the pause of a shard of a queue."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Record):
    """The server ended a lease, or ended or revived a task without one, as `status` says.

    `fence` is the token of the lease that ended, None if there was no lease. `due_ms` is when the task is due again,
    None if it does not wait. `had_started` says that whoever gave the task back told that its handler had started.
    """

    queue: str
    task: str
    fence: int | None
    status: Status
    due_ms: float | None
    had_started: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered(Record):
    """A script was called, but the connection ended before the server's reply. The server may have run the script."""

    queue: str
    edge: str


class SlotState(StrEnum):
    """What happened to one moment of a schedule."""

    DUE = "due"
    """The moment passed while a scheduler was running."""
    FIRED = "fired"
    """Its task was enqueued."""
    SKIPPED = "skipped"
    """No task was enqueued, as the policy for missed slots or for overlaps says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot(Record):
    """One moment, `slot_ms`, of a schedule. If it was fired, its task is to run at `due_ms`."""

    queue: str
    schedule: str
    slot_ms: int
    state: SlotState
    task: str = ""
    due_ms: float = 0.0


class ScheduleChange(StrEnum):
    """What was done to a schedule. Each of them takes back tasks that were enqueued ahead of their time."""

    SET = "set"
    """It was added or replaced."""
    PAUSED = "paused"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescheduled(Record):
    """A schedule was changed, by the code of `application`, or by a call if that is empty."""

    queue: str
    schedule: str
    change: ScheduleChange
    application: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Record):
    """Where a task is after the run: the short names of the keys that contain its id, sorted, and how it ended."""

    queue: str
    task: str
    places: tuple[str, ...]
    ended: TaskState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalPlaces(Record):
    """All tasks of a queue have been recorded as `Found`; `tasks` is their number. No task was forgotten before."""

    queue: str
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbed(Record):
    """Something was broken or healed on purpose."""

    what: str
    victim: str


_ALL = (
    Enqueue,
    Start,
    End,
    Waiting,
    Claimed,
    Paused,
    Resumed,
    Settled,
    Unanswered,
    Slot,
    Rescheduled,
    Found,
    FinalPlaces,
    Disturbed,
)
_KINDS: dict[str, type[Record]] = {kind.__name__.lower(): kind for kind in _ALL}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _NAMES}
_FROM_TEXT: dict[str, Callable[[Any], Any]] = {
    "step": EnqueueStep,
    "ending": Ending,
    "status": Status,
    "state": SlotState,
    "change": ScheduleChange,
    "places": tuple,
    "ended": lambda state: None if state is None else TaskState(state),
}
_CONVERSIONS = {
    name: (kind, [(field, _FROM_TEXT[field]) for field in _FIELDS[kind] if field in _FROM_TEXT])
    for name, kind in _KINDS.items()
}


def encode(record: Record) -> bytes:
    """A record as one line of JSON, with its line end."""
    kind = type(record)
    facts = {"kind": _NAMES[kind], **{name: getattr(record, name) for name in _FIELDS[kind]}}
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Record:
    """The record in a line. Raises ValueError if the line is not a record."""
    try:
        facts: dict[str, Any] = json.loads(line)
        kind, conversions = _CONVERSIONS[facts.pop("kind")]
        for name, convert in conversions:
            facts[name] = convert(facts[name])
        return kind(**facts)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no record of a history: {line[:200]!r}") from error
