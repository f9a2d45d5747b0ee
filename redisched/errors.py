"""Every error redisched raises, in one tree.

RedischedError
├── InvalidInput (ValueError)          what was handed in cannot be accepted; nothing was written
│   ├── InvalidOption                  an option of a task, a queue or a worker
│   ├── CannotShrink                   a queue never gets fewer shards
│   ├── InvalidArguments               the arguments do not match the handler's signature
│   ├── NotEncodable                   a value msgpack cannot carry
│   └── PayloadTooLarge                the encoded task is over the limit
├── Conflict                           the id belongs to a different task
├── NotEnqueued                        no enqueue middleware raised, and one did not call call_next
├── DuplicateHandler                   the name is already registered
├── NotPicklable (TypeError)           its application cannot be found by another process
├── AppNotFound                        MODULE:APP cannot be loaded or is not a Scheduler
├── LifespanFailed                     what a process opens before its first task cannot be opened
├── Undecodable                        stored bytes are not a task
├── FormatTooNew                       a later version of redisched wrote the stored data
├── TaskError                          about one task
│   ├── UnknownTask                    it was never enqueued, or was deleted after its retention
│   │   └── UnknownTasks               so it is with some of many
│   ├── DuplicateTask                  it holds the unique key of the one that was to be enqueued
│   ├── TaskFailed                     it ended dead
│   ├── NotDurable                     it is enqueued, but too few disks or replicas confirmed it
│   ├── TaskCancelled                  it ended cancelled
│   ├── TaskExpired                    it was not started in time
│   ├── TaskLost                       it may start only once, and was interrupted
│   ├── LeaseNotHeld                   the program that pulled it does not have it any more
│   └── ResultTimeout (TimeoutError)   it has not ended yet
├── DrainTimeout (TimeoutError)        a queue is not worked off yet
├── QueueNotEmpty                      a queue that is to be removed has tasks
├── BrokerError                        about Redis
│   ├── BrokerUnavailable (ConnectionError)
│   ├── QueueFull                      Redis is out of memory
│   ├── BrokerMisconfigured            a setting of Redis endangers tasks
│   ├── ShardMapDamaged                the shard map of a queue cannot be read, or its copies differ
│   └── BrokerRefused                  Redis answered with an error that a retry cannot solve
│       ├── AccessDenied               the password is wrong, or the user lacks a right
│       └── WrongKeyType               a key of redisched has another type
└── ServerError                        about the embedded server
    ├── NoServer                       no Redis is named, and no server may be started
    ├── NoServerBinary
    ├── ServerStartFailed
    └── ServerStopFailed

Interruption (BaseException)           raised inside a running handler to end it
├── HandlerTimedOut
├── CancelRequested
└── LeaseLost
"""

from collections.abc import Sequence
from typing import Any

from redisched.broker_errors import AccessDenied as AccessDenied
from redisched.broker_errors import BrokerError as BrokerError
from redisched.broker_errors import BrokerMisconfigured as BrokerMisconfigured
from redisched.broker_errors import BrokerRefused as BrokerRefused
from redisched.broker_errors import BrokerUnavailable as BrokerUnavailable
from redisched.broker_errors import QueueFull as QueueFull
from redisched.broker_errors import ShardMapDamaged as ShardMapDamaged
from redisched.broker_errors import WrongKeyType as WrongKeyType
from redisched.interruptions import CancelRequested as CancelRequested
from redisched.interruptions import HandlerTimedOut as HandlerTimedOut
from redisched.interruptions import Interruption as Interruption
from redisched.interruptions import LeaseLost as LeaseLost
from redisched.queue_errors import DrainTimeout as DrainTimeout
from redisched.queue_errors import QueueNotEmpty as QueueNotEmpty
from redisched.server_errors import NoServer as NoServer
from redisched.server_errors import NoServerBinary as NoServerBinary
from redisched.server_errors import RedischedError as RedischedError
from redisched.server_errors import ServerError as ServerError
from redisched.server_errors import ServerStartFailed as ServerStartFailed
from redisched.server_errors import ServerStopFailed as ServerStopFailed

_GIVEN_ID_LENGTH = 20


class InvalidInput(RedischedError, ValueError):
    """Raised when an argument is invalid. Nothing has been written."""

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        self.argument = argument
        self.value = value
        self.allowed = allowed
        super().__init__(f"{argument}={_shorten(value)}: {allowed}")


class InvalidOption(InvalidInput):
    """Raised when an option is unknown, of the wrong type or out of its range."""


class InvalidArguments(InvalidInput):
    """Raised when the arguments do not fit the handler's signature."""


class CannotShrink(InvalidInput):
    """Raised when a queue is to get fewer shards than it has: no worker would find the tasks in the last ones."""

    def __init__(self, queue: str, shards: int, wanted: int) -> None:
        self.queue, self.shards = queue, shards
        allowed = f"at least {shards}, which queue {queue!r} has already; to get fewer, move on to a new queue"
        super().__init__("shards", wanted, allowed)


class NotEncodable(InvalidInput):
    """Raised when an argument or a result holds a value that msgpack cannot encode."""


class PayloadTooLarge(InvalidInput):
    """Raised when an encoded task or result is larger than the limit, in bytes."""

    def __init__(self, argument: str, size: int, limit: int) -> None:
        self.size, self.limit = size, limit
        super().__init__(argument, f"{size} bytes", f"at most {limit} bytes; store large data elsewhere and pass a key")


class Conflict(RedischedError):
    """Raised when an id is already in use by a task that differs from the one enqueued."""

    def __init__(self, task_id: str, queue: str) -> None:
        self.task_id = task_id
        self.queue = queue
        super().__init__(f"id {task_id!r} in queue {queue!r} belongs to a different task; choose another id")


class NotEnqueued(RedischedError):
    """Raised when enqueue middleware returned without calling `call_next`. Nothing has been written."""

    def __init__(self, middleware: Sequence[str]) -> None:
        self.middleware = tuple(middleware)
        said = "returned without calling call_next; call it, or raise an error to refuse the task"
        super().__init__(f"enqueue middleware ({', '.join(middleware)}) {said}")


class DuplicateHandler(RedischedError):
    """Raised when two handlers are registered under one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"a handler named {name!r} is registered already; give one of them another name=")


class NotPicklable(RedischedError, TypeError):
    """Raised when an object is pickled, but a process that unpickles it could not find its application."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"{what} cannot be sent to another process: its Scheduler is held by no name of the module that made it, "
            "and its URL holds a password; hold it by a name at the top of a module, or leave the URL to REDISCHED_URL"
        )


class AppNotFound(RedischedError):
    """Raised when MODULE:APP cannot be loaded or is not a Scheduler."""

    def __init__(self, target: str, reason: str) -> None:
        self.target = target
        self.reason = reason
        super().__init__(f"cannot load {target!r}: {reason}")


class LifespanFailed(RedischedError):
    """Raised when a lifespan of the application cannot be opened, so that the process runs no handler."""

    def __init__(self, lifespan: str, reason: str) -> None:
        self.lifespan = lifespan
        self.reason = reason
        super().__init__(f"the lifespan {lifespan} of the application cannot be opened: {reason}")


class Undecodable(RedischedError):
    """Raised when stored bytes cannot be read as a task or an outcome."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"undecodable: {reason}")


class FormatTooNew(RedischedError):
    """Raised when a later version of redisched has written data in a newer format. Nothing was read or changed."""

    def __init__(self, found: str, known: int) -> None:
        self.found = found
        self.known = known
        super().__init__(
            f"a later redisched has written to this queue, in format {found}; this one understands formats up to"
            f" {known} and leaves it alone: upgrade this program"
        )


class TaskError(RedischedError):
    """Base of errors about one task."""

    def __init__(self, task_id: str, explanation: str) -> None:
        self.task_id = task_id
        super().__init__(f"task {task_id!r} {explanation}")


class UnknownTask(TaskError):
    """Raised when an id was never enqueued, or was deleted: after its retention, or beyond `kept_results` others."""

    def __init__(self, task_id: str) -> None:
        reason = "is unknown: never enqueued in this queue, or forgotten; see retention, kept_results"
        if len(task_id) != _GIVEN_ID_LENGTH and "~" not in task_id:
            # A task with a unique key is not found under the bare id that its caller chose.
            reason += "; if it has a unique key, use the id that enqueue returned"
        super().__init__(task_id, reason)


class UnknownTasks(UnknownTask):
    """Raised by a call for many tasks if some of their ids are unknown. `ids` are these ids, and `changes` is what the
    call did with all others before it raised.
    """

    def __init__(self, ids: Sequence[str], changes: Sequence[Any]) -> None:
        self.ids = tuple(ids)
        self.changes = tuple(changes)
        super().__init__(ids[0])
        if len(ids) > 1:
            self.args = (f"{self}; so are {len(ids) - 1} more of the given ids",)


class DuplicateTask(TaskError):
    """Raised when a task is enqueued with `on_duplicate="reject"`, and another task has its unique key. The other tasks
    of the same `enqueue_many` have been enqueued.
    """

    def __init__(self, task_id: str, key: str) -> None:
        self.key = key
        super().__init__(task_id, f"has the unique key {_shorten(key)}, so no other was added")


class TaskFailed(TaskError):
    """Raised by `result()` when the task ended dead; carries the error and traceback as text."""

    def __init__(self, task_id: str, reason: str, error: str, traceback: str) -> None:
        self.reason = reason
        self.error = error
        self.traceback = traceback
        super().__init__(task_id, f"is dead ({reason}): {error}")


class TaskCancelled(TaskError):
    """Raised by `result()` when the task was cancelled."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id, "was cancelled")


class TaskExpired(TaskError):
    """Raised by `result()` when no worker started the task before it expired."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id, "expired: no worker started it in time, and none will")


class TaskLost(TaskError):
    """Raised by `result()` when the task may start only once, and its handler was interrupted by a crash or a stop."""

    def __init__(self, task_id: str) -> None:
        super().__init__(
            task_id, "is lost: its handler was interrupted, nobody knows how far it came, and it never starts again"
        )


class LeaseNotHeld(TaskError):
    """Raised by a lease of `app.claim` that does not hold its task any more. Nothing was changed."""

    LOST = "is not held by this lease any more: it ran out, and others may have the task"
    SETTLED = "was settled by this lease before, by {}"
    ENDED = "is not held by this lease any more: the block of its claim has ended; settle it inside"

    def __init__(self, task_id: str, reason: str) -> None:
        self.reason = reason
        super().__init__(task_id, reason)


class NotDurable(TaskError):
    """Raised when tasks are enqueued, but too few disks or replicas confirmed them in time.

    `task_id` is the id of the first task. `requests` are as in BrokerUnavailable.
    """

    requests: tuple[Any, ...] = ()

    def __init__(self, task_ids: Sequence[str], owners: str, confirmed: int, wanted: int) -> None:
        self.task_ids = tuple(task_ids)
        self.owners = owners
        self.confirmed = confirmed
        self.wanted = wanted
        are = f"and {len(task_ids) - 1} more are" if len(task_ids) > 1 else "is"
        missing = f"only {confirmed} of {wanted} {owners} had it in time; enqueue it again under the same id"
        super().__init__(task_ids[0], f"{are} enqueued, but {missing}")


class ResultTimeout(TaskError, TimeoutError):
    """Raised by `result(timeout=)` when a task has not ended in time; `missing` says why, if known."""

    def __init__(self, task_id: str, timeout_s: float, missing: str = "") -> None:
        self.timeout_s = timeout_s
        self.missing = missing
        why = f"as {missing}" if missing else "and goes on"
        super().__init__(task_id, f"has not ended within {timeout_s:g} s, {why}; ask again later")


def _shorten(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."
