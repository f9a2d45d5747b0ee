"""Every error redisched raises, in one tree.

RedischedError
├── InvalidInput (ValueError)          what was handed in cannot be accepted; nothing was written
│   ├── InvalidOption                  an option of a task, a queue or a worker
│   │   └── InvalidFilter              the text of a filter
│   ├── CannotShrink                   a queue never gets fewer shards
│   ├── InvalidArguments               the arguments do not match the handler's signature
│   ├── NotEncodable                   a value msgpack cannot carry
│   └── PayloadTooLarge                the encoded task is over the limit
├── Conflict                           the id belongs to a different task
├── NotEnqueued                        no enqueue middleware raised, and one did not call call_next
├── NotAwaited                         middleware around a handler did not await what call_next answered
├── DuplicateHandler                   the name is already registered
├── DuplicateSchedule                  its queue has another schedule of this name
├── UnknownSchedule                    there is no schedule of this name
├── UnknownWorker                      no worker of this name lives
├── NotPicklable (TypeError)           its application cannot be found by another process
├── AppNotFound                        MODULE:APP cannot be loaded or is not a Scheduler
├── NotInstalled (ImportError)         it needs a package that is not installed
├── LifespanFailed                     what a process opens before its first task cannot be opened
├── Undecodable                        stored bytes are not a task
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
│       ├── FormatTooNew               a later version of redisched wrote the stored data
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
from redisched.broker_errors import FormatTooNew as FormatTooNew
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
from redisched.shortened import shortened
from redisched.task_errors import DuplicateTask as DuplicateTask
from redisched.task_errors import LeaseNotHeld as LeaseNotHeld
from redisched.task_errors import NotDurable as NotDurable
from redisched.task_errors import ResultTimeout as ResultTimeout
from redisched.task_errors import TaskCancelled as TaskCancelled
from redisched.task_errors import TaskError as TaskError
from redisched.task_errors import TaskExpired as TaskExpired
from redisched.task_errors import TaskFailed as TaskFailed
from redisched.task_errors import TaskLost as TaskLost
from redisched.task_errors import UnknownTask as UnknownTask
from redisched.task_errors import UnknownTasks as UnknownTasks


class InvalidInput(RedischedError, ValueError):
    """Raised when an argument is invalid. Nothing has been written."""

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        self.argument = argument
        self.value = value
        self.allowed = allowed
        super().__init__(f"{argument}={shortened(value)}: {allowed}")

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process what was handed in is a text, as it may be something that cannot be pickled."""
        make, (kind, args, state) = super().__reduce__()
        texts = {name: shortened(held) for name, held in state.items() if name in ("value", "part")}
        return make, (kind, args, state | texts)


class InvalidOption(InvalidInput):
    """Raised when an option is unknown, of the wrong type or out of its range."""


class InvalidFilter(InvalidOption):
    """Raised when the text of a filter cannot be read. `part` is what is wrong in it, and `similar` what may be meant
    instead.
    """

    def __init__(self, part: object, allowed: str, similar: Sequence[str] = ()) -> None:
        self.part = part
        self.similar = tuple(similar)
        super().__init__("filter", part, f"did you mean {' or '.join(similar)}? {allowed}" if similar else allowed)


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


class NotAwaited(RedischedError):
    """Raised in an attempt whose async middleware returned without having awaited what `call_next` answered: the
    handler has not run.
    """

    def __init__(self, middleware: str) -> None:
        self.middleware = middleware
        super().__init__(
            f"middleware {middleware} called call_next and did not await what it answered, so the handler has not run; "
            "write: return await call_next()"
        )


class DuplicateHandler(RedischedError):
    """Raised when two handlers are registered under one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"a handler named {name!r} is registered already; give one of them another name=")


class DuplicateSchedule(RedischedError):
    """Raised when a schedule is added, and its queue has another one of the same name."""

    def __init__(self, name: str, queue: str) -> None:
        self.name, self.queue = name, queue
        super().__init__(f"queue {queue!r} has another schedule named {name!r}; change that one, or take another name")


class UnknownSchedule(RedischedError):
    """Raised when there is no schedule of a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no schedule named {name!r}")


class UnknownWorker(RedischedError):
    """Raised when no worker of a name lives."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no worker {name!r} lives; list them: redisched workers ls")


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


class NotInstalled(RedischedError, ImportError):
    """Raised when a part of redisched is used that needs a package which is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"{package} is not installed: pip install 'redisched[{extra}]'")


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
