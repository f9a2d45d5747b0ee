"""The basic types of redisched: priorities, task states, and the body, outcome and failure of a task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

BAND = 2**42
"""The range of scores of one priority, which is the largest time plus 1: milliseconds from 1970 until 2109."""
LARGEST_RUN_AT_MS = BAND - 1
LOWEST_PRIORITY = 255


class Priority(IntEnum):
    """Names for common priorities. A priority is any integer from 0 to 255; lower ones run first."""

    CRITICAL = 0
    HIGH = 3
    NORMAL = 5
    LOW = 7
    BULK = 9


class TaskState(StrEnum):
    """The state of a task."""

    SCHEDULED = "scheduled"
    """Waits for its time."""
    READY = "ready"
    """Its time has come; waits for a worker."""
    RETRYING = "retrying"
    """Failed and waits for its next attempt."""
    LEASED = "leased"
    """A worker has it leased. Its handler starts soon, or started after the worker's last heartbeat."""
    RUNNING = "running"
    """Its handler runs."""
    SUCCEEDED = "succeeded"
    """Its handler returned."""
    DEAD = "dead"
    """Will not be tried again; the reason, error and traceback are kept."""
    CANCELLED = "cancelled"
    """Was cancelled."""
    EXPIRED = "expired"
    """No worker started it before its `expires` time."""
    LOST = "lost"
    """It may start only once, and its handler was interrupted: nobody knows how far it came."""
    UNKNOWN = "unknown"
    """Was never enqueued, or was deleted after its retention."""


ENDED = frozenset({TaskState.SUCCEEDED, TaskState.DEAD, TaskState.CANCELLED, TaskState.EXPIRED, TaskState.LOST})


class DeathReason(StrEnum):
    """Why a task is dead."""

    ATTEMPTS = "attempts used up"
    QUARANTINED = "quarantined: its process died under it too often"
    UNDECODABLE = "undecodable"
    UNROUTABLE = "unroutable: no worker knows its handler"
    NOT_RETRIED = "its error is not retried"
    REJECTED = "rejected by its handler"
    DEADLINE = "out of time for another attempt"
    ARGUMENTS = "its arguments are not what its handler takes"
    RESULT = "its result cannot be stored"
    RECORD_LOST = "its record was lost"
    UNKNOWN = "unknown: its failure was lost"


NO_KEYWORDS: Mapping[str, Any] = {}
"""The keyword arguments of a task that has none."""


class Isolation(StrEnum):
    """Where a handler runs. Only a handler in its own process can be killed if it does not end."""

    NONE = "none"
    """In the worker process: an async handler on its event loop, a sync one in a thread."""
    PROCESS = "process"
    """In a child process of the worker, which is killed when the handler does not end in time."""


class Delivery(StrEnum):
    """How often the handler of a task may start."""

    AT_LEAST_ONCE = "at_least_once"
    """Until it has returned, or has failed too often. After a crash it starts again."""
    AT_MOST_ONCE = "at_most_once"
    """Never a second time: after a crash the task is lost, and after an error it is dead."""


class Keep(StrEnum):
    """What is kept of a task that has ended, until its retention is over. A dead task is always kept whole."""

    NOTHING = "nothing"
    """Only its state, for 15 seconds; with a chosen id for the whole retention, so that the id is not used again."""
    RESULT = "result"
    """Its state, result, handler, worker, times and number of attempts."""
    TASK = "task"
    """Its arguments, priority, time and failed attempts as well."""


class OnDuplicate(StrEnum):
    """What an enqueue does while another task holds its unique key."""

    RETURN = "return"
    """It adds nothing, and returns a reference to that task."""
    REJECT = "reject"
    """It adds nothing, and raises DuplicateTask."""
    REPLACE = "replace"
    """It cancels that task if it waits, and adds its own in its place. If that task runs, the new one follows it."""
    DEBOUNCE = "debounce"
    """If that task waits, it gets the arguments and the time of this call. If it runs, a new one follows it."""


UniqueBy: TypeAlias = bool | str | Callable[..., object]
"""What the unique key of a task is made of: its arguments (True), a template of a text, or a function of the arguments.
False: the task has no such key.
"""
UNTIL_STARTED, UNTIL_DONE = "started", "done"
"""How long a unique key is held, as scripts are told; the third way is +milliseconds."""


class TaskBody(NamedTuple):
    """What a producer stores in a task: the handler's name, its arguments, and options that only this call sets.

    `headers` are texts that its middleware sends along; no digest covers them.
    """

    name: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = NO_KEYWORDS
    max_attempts: int | None = None
    timeout_ms: int | None = None
    retention_ms: int | None = None
    keep: Keep | None = None
    headers: dict[str, str] | None = None
    codec: str | None = None
    """The name of the application's codec that made the arguments, if one did."""

    @property
    def limits(self) -> dict[str, Any]:
        """What it holds besides the call, by name, as it is encoded. Most tasks have nothing."""
        limits = {name: value for name, value in zip(self._fields[3:], self[3:], strict=True) if value is not None}
        return limits if self.keep is None else limits | {"keep": self.keep.value}


class Outcome(NamedTuple):
    """How a task ended; stored until its retention is over. Times are the server's, in milliseconds."""

    state: TaskState
    name: str
    attempt: int = 0
    worker: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt failed, as text. `reason` is set if the task is dead because of it.

    Times are the server's, in milliseconds; 0 if it is not known when the attempt was due, started or failed. If the
    process died that ran the task, `attempt` is 0 and there is no traceback.
    """

    name: str
    error: str
    traceback: str = ""
    attempt: int = 0
    worker: str = ""
    failed_ms: int = 0
    reason: str = ""
    due_ms: int = 0
    started_ms: int = 0


class KeptTask(NamedTuple):
    """What is kept of an ended task with `keep="task"`: its last score, its body, and its failures, oldest first."""

    score: int
    body: TaskBody | None
    failures: tuple[Failure, ...]


def band_of(score: int) -> int:
    """Return the priority that a score contains."""
    return score // BAND


def run_at_of(score: int) -> int:
    """Return the execution time that a score contains, in server milliseconds."""
    return score % BAND


def score_of(priority: int, run_at_ms: int) -> int:
    """Return the score of a waiting task, which sorts by priority first, then execution time."""
    return priority * BAND + run_at_ms


REPLAY_MS = 15_000
"""The outcome of a task is kept at least this long, so that a repeated enqueue or ack is recognised."""


def kept_ms(retention_ms: int) -> int:
    """Return how long the outcome of a task is kept, in ms. With a retention of 0 the outcome has no result."""
    return max(retention_ms, REPLAY_MS)


class Retention(NamedTuple):
    """How long an outcome is kept, and how much of the task. With 0 ms the result is not kept.

    `told_ms` is for the scripts: negative if the outcome may be deleted sooner.
    """

    ms: int
    told_ms: int
    keep: Keep
    keeps_result: bool


@lru_cache(maxsize=1_000)
def retention_of(ms: int, keep: Keep = Keep.RESULT, *, is_own: bool, has_chosen_id: bool = False) -> Retention:
    """Return a retention. The outcome may be deleted sooner, unless the retention `is_own`, that is, set for the task
    or its handler, or the caller chose the id.
    """
    if keep is Keep.NOTHING and not has_chosen_id:
        ms = 0
    told_ms = kept_ms(ms) if is_own or has_chosen_id else -kept_ms(ms)
    return Retention(ms, told_ms, keep, keeps_result=ms > 0 and keep is not Keep.NOTHING)
