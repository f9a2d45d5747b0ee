"""Every error redisched raises, in one tree.

RedischedError
├── InvalidInput (ValueError)          what was handed in cannot be accepted; nothing was written
│   ├── InvalidOption                  an option of a task, a queue or a worker
│   ├── CannotShrink                   a queue never gets fewer shards
│   ├── InvalidArguments               the arguments do not fit the handler
│   ├── NotEncodable                   a value msgpack cannot carry
│   └── PayloadTooLarge                the encoded task is over the limit
├── Conflict                           the id belongs to a different task
├── DuplicateHandler                   the name is already registered
├── NotPicklable (TypeError)           an application that another process could not find
├── AppNotFound                        MODULE:APP does not lead to a Scheduler
├── Undecodable                        stored bytes are not a task
├── TaskError                          about one task
│   ├── UnknownTask                    never heard of, or forgotten after its retention
│   ├── TaskFailed                     it ended dead
│   ├── NotDurable                     it is enqueued, but not yet where it shall be
│   ├── TaskCancelled                  it ended cancelled
│   └── ResultTimeout (TimeoutError)   it has not ended yet
├── BrokerError                        about Redis
│   ├── BrokerUnavailable (ConnectionError)
│   ├── QueueFull                      Redis is out of memory
│   ├── BrokerMisconfigured            a setting of Redis endangers tasks
│   ├── LayoutDamaged                  what is kept of a queue's shards cannot be read or contradicts itself
│   └── BrokerRefused                  Redis answered with an error that trying again cannot cure
│       ├── AccessDenied               the password or the rights of the user do not suffice
│       └── WrongKeyType               a key of redisched's holds something else
└── ServerError                        about the embedded server
    ├── NoServer                       none is named, and none is to be made
    ├── NoServerBinary
    ├── ServerStartFailed
    └── ServerStopFailed

Interruption (BaseException)           ends a running handler from outside
├── HandlerTimedOut
├── CancelRequested
└── LeaseLost
"""

from collections.abc import Sequence
from typing import Any

from redisched.interruptions import CancelRequested as CancelRequested
from redisched.interruptions import HandlerTimedOut as HandlerTimedOut
from redisched.interruptions import Interruption as Interruption
from redisched.interruptions import LeaseLost as LeaseLost
from redisched.server_errors import NoServer as NoServer
from redisched.server_errors import NoServerBinary as NoServerBinary
from redisched.server_errors import RedischedError as RedischedError
from redisched.server_errors import ServerError as ServerError
from redisched.server_errors import ServerStartFailed as ServerStartFailed
from redisched.server_errors import ServerStopFailed as ServerStopFailed


class InvalidInput(RedischedError, ValueError):
    """Raised when a value handed in cannot be accepted. Nothing has been written."""

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
    """Raised when a queue is to get fewer shards than it has: tasks in the last ones would be stranded."""

    def __init__(self, queue: str, shards: int, wanted: int) -> None:
        self.queue, self.shards = queue, shards
        allowed = f"at least {shards}, which queue {queue!r} has already; to get fewer, move on to a new queue"
        super().__init__("shards", wanted, allowed)


class NotEncodable(InvalidInput):
    """Raised when an argument or a result holds something msgpack cannot carry."""


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


class DuplicateHandler(RedischedError):
    """Raised when two handlers are registered under one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"a handler named {name!r} is registered already; give one of them another name=")


class NotPicklable(RedischedError, TypeError):
    """Raised when something is pickled whose application another process could not find."""

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


class Undecodable(RedischedError):
    """Raised when stored bytes cannot be read as a task or an outcome."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"undecodable: {reason}")


class TaskError(RedischedError):
    """Base of errors about one task."""

    def __init__(self, task_id: str, explanation: str) -> None:
        self.task_id = task_id
        super().__init__(f"task {task_id!r} {explanation}")


class UnknownTask(TaskError):
    """Raised when an id was never heard of, or was forgotten: after its retention, or beyond `kept_results` others."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id, "is unknown: never enqueued in this queue, or forgotten; see retention, kept_results")


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


class NotDurable(TaskError):
    """Raised when tasks are enqueued, but too few disks or replicas had them in time. `task_id` is the first.

    `requests` are as with BrokerUnavailable.
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
    """Raised by `result(timeout=)` when a task has not ended in time; `missing` is what it waits for, if known."""

    def __init__(self, task_id: str, timeout_s: float, missing: str = "") -> None:
        self.timeout_s = timeout_s
        self.missing = missing
        why = f"as {missing}" if missing else "and goes on"
        super().__init__(task_id, f"has not ended within {timeout_s:g} s, {why}; ask again later")


class BrokerError(RedischedError):
    """Base of errors about Redis."""


class BrokerUnavailable(BrokerError, ConnectionError):
    """Raised when Redis did not answer in time; what it was asked may have been done.

    From an enqueue it carries what may have arrived: `task_ids`, and `requests` for `enqueue_many`.
    """

    requests: tuple[Any, ...] = ()

    def __init__(self, reason: str, waited_s: float, task_ids: Sequence[str] = ()) -> None:
        self.reason = reason
        self.waited_s = waited_s
        self.task_ids = tuple(task_ids)
        advice = _send_again(task_ids, "may have been enqueued") if task_ids else "the same call can safely be repeated"
        after = f" after {waited_s:.1f} s" if round(waited_s, 1) else ""
        super().__init__(f"Redis is unavailable{after} ({reason}); {advice}")

    def about(self, task_ids: Sequence[str]) -> "BrokerUnavailable":
        """The same about tasks that were to be enqueued."""
        return BrokerUnavailable(self.reason, self.waited_s, task_ids)


class QueueFull(BrokerError):
    """Raised when Redis is out of memory; running tasks can still finish. Of many tasks the first may have arrived:
    `task_ids` and `requests` are as with BrokerUnavailable.
    """

    requests: tuple[Any, ...] = ()

    def __init__(self, reason: str, task_ids: Sequence[str] = ()) -> None:
        self.reason = reason
        self.task_ids = tuple(task_ids)
        again = f"; {_send_again(task_ids, 'may have been enqueued')}" if len(task_ids) > 1 else ""
        advice = f"raise maxmemory or drain the queue{again}"
        super().__init__(f"Redis is out of memory and takes no new tasks ({reason}); {advice}")

    def about(self, task_ids: Sequence[str]) -> "QueueFull":
        """The same about tasks that were to be enqueued."""
        return QueueFull(self.reason, task_ids)


class BrokerMisconfigured(BrokerError):
    """Raised when a setting of Redis endangers tasks. `server` is the address of the one of several that has it."""

    def __init__(self, setting: str, value: str, wanted: str, server: str = "Redis") -> None:
        self.setting = setting
        self.value = value
        self.wanted = wanted
        self.server = server
        super().__init__(f"{server} has {setting} {value}, which can lose tasks; set it: CONFIG SET {setting} {wanted}")


class LayoutDamaged(BrokerError):
    """Raised when what is kept of a queue's shards cannot be read, or differs from shard to shard."""

    def __init__(self, queue: str, key: str, stored: str) -> None:
        self.queue = queue
        self.key = key
        self.stored = stored
        advice = "restore it, as each shard of the queue keeps a copy under its own name"
        super().__init__(f"the layout of queue {queue!r} is damaged: {key} is {stored!r}; {advice}")


class BrokerRefused(BrokerError):
    """Raised when Redis answered a call with an error that trying again cannot cure."""

    def __init__(self, call: str, reason: str) -> None:
        self.call = call
        self.reason = reason
        super().__init__(f"Redis refused {call}: {reason}")


class AccessDenied(BrokerRefused):
    """Raised when the password is wrong, or the user has not the rights for a call."""


class WrongKeyType(BrokerRefused):
    """Raised when a key of redisched's is of another type, as something else wrote it. Nothing has been changed."""

    def __init__(self, call: str, key: str, found: str, wanted: str) -> None:
        self.key = key
        self.found = found
        self.wanted = wanted
        reason = f"{key} is a {found} where redisched keeps a {wanted}; nothing was changed, move it away with RENAME"
        super().__init__(call, reason)


def _shorten(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."


def _send_again(task_ids: Sequence[str], what: str) -> str:
    named = f"task {task_ids[0]!r}" + (f" and {len(task_ids) - 1} more" if len(task_ids) > 1 else "")
    return f"{named} {what}, and enqueue_many(error.requests) sends it again without adding anything twice"
