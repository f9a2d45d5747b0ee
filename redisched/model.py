"""The nouns of redisched: priorities, states, what a task is and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from redisched.config import Durability

BAND = 2**42
"""Width of a priority's slice of the waiting set: milliseconds until 2109."""
LARGEST_RUN_AT_MS = BAND - 1
LOWEST_PRIORITY = 255


class Priority(IntEnum):
    """Names for common priorities. Any integer from 0 to 255 will do; lower runs first."""

    CRITICAL = 0
    HIGH = 3
    NORMAL = 5
    LOW = 7
    BULK = 9


class TaskState(StrEnum):
    """Where a task is. No state stands for two things."""

    SCHEDULED = "scheduled"
    """Waits for its time."""
    READY = "ready"
    """Its time has come; waits for a worker."""
    RETRYING = "retrying"
    """Failed and waits for its next attempt."""
    LEASED = "leased"
    """In the hands of a worker: about to start, or started less than a heartbeat ago."""
    RUNNING = "running"
    """Its handler runs."""
    SUCCEEDED = "succeeded"
    """Its handler returned."""
    DEAD = "dead"
    """Will not be tried again; the reason, error and traceback are kept."""
    CANCELLED = "cancelled"
    """Was cancelled."""
    EXPIRED = "expired"
    """Was not started in the time it had for that."""
    UNKNOWN = "unknown"
    """Never heard of, or forgotten after its retention."""


ENDED = frozenset({TaskState.SUCCEEDED, TaskState.DEAD, TaskState.CANCELLED, TaskState.EXPIRED})


class DeathReason(StrEnum):
    """Why a task is dead."""

    ATTEMPTS = "attempts used up"
    QUARANTINED = "quarantined: its process died under it too often"
    UNDECODABLE = "undecodable"
    UNROUTABLE = "unroutable: no worker knows its handler"
    RESULT = "its result cannot be stored"
    RECORD_LOST = "its record was lost"
    UNKNOWN = "unknown: its failure was lost"


NO_KEYWORDS: Mapping[str, Any] = {}
"""The keyword arguments of a task that has none."""


class Isolation(StrEnum):
    """Where a handler runs, and thereby what can be done about one that does not end."""

    NONE = "none"
    """In the worker process: an async handler on its event loop, a sync one in a thread."""
    PROCESS = "process"
    """In a child process of the worker, which is killed when the handler does not end in time."""


DEFAULT_MAX_ATTEMPTS = 14
"""With the pauses of config.RETRY_BACKOFF the last attempt comes two to five hours after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """What a handler's tasks get. Times in milliseconds; None means no limit. A call may say otherwise, but for
    `isolation`. `expires` is +delay in milliseconds, empty for never. `retention_is_own` says that the handler asked
    for its retention.
    """

    queue: str = "default"
    priority: int = Priority.NORMAL
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    timeout_ms: int | None = None
    expires: str = ""
    retention_ms: int = 600_000
    retention_is_own: bool = False
    durable: Durability = Durability.NONE
    isolation: Isolation = Isolation.NONE


class TaskBody(NamedTuple):
    """What a producer says about a task: the handler's name, its arguments, and limits of this call alone."""

    name: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = NO_KEYWORDS
    max_attempts: int | None = None
    timeout_ms: int | None = None
    retention_ms: int | None = None


class Outcome(NamedTuple):
    """How a task ended, as it is kept for its retention. Times are the server's, in milliseconds."""

    state: TaskState
    name: str
    attempt: int = 0
    worker: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt failed, as text. `reason` is set once the task is dead."""

    name: str
    error: str
    traceback: str = ""
    attempt: int = 0
    worker: str = ""
    failed_ms: int = 0
    reason: str = ""


def band_of(score: int) -> int:
    """The priority within a score."""
    return score // BAND


def run_at_of(score: int) -> int:
    """The execution time within a score, in server milliseconds."""
    return score % BAND


def score_of(priority: int, run_at_ms: int) -> int:
    """The score of a waiting task: priority first, then execution time."""
    return priority * BAND + run_at_ms


REPLAY_MS = 15_000
"""An ended task is known at least so long, so that a repeated enqueue or ack of it is recognised."""


def kept_ms(retention_ms: int) -> int:
    """How long the outcome of a task is kept; with a retention of 0 it holds no result."""
    return max(retention_ms, REPLAY_MS)


class Retention(NamedTuple):
    """How long a result is kept; what the scripts are told is negative where the outcome may be forgotten sooner."""

    ms: int
    told_ms: int


@lru_cache(maxsize=1_000)
def retention_of(ms: int, *, is_own: bool) -> Retention:
    """A retention that somebody asked for, or one that is nobody's own: then many others that end may shorten it."""
    return Retention(ms, kept_ms(ms) if is_own else -kept_ms(ms))
