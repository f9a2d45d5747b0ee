"""Errors about Redis. Import them from redisched.errors."""

from collections.abc import Sequence
from typing import Any

from redisched.server_errors import RedischedError

_MAY_BE_THERE = "may have been enqueued"


class BrokerError(RedischedError):
    """Base of errors about Redis."""


class BrokerUnavailable(BrokerError, ConnectionError):
    """Raised when Redis did not answer in time. It may still have executed the call.

    If an enqueue raises it, `task_ids` has the tasks that may be enqueued, and `requests` the same for `enqueue_many`.
    """

    requests: tuple[Any, ...] = ()

    def __init__(self, reason: str, waited_s: float, task_ids: Sequence[str] = (), advice: str = "") -> None:
        self.reason = reason
        self.waited_s = waited_s
        self.task_ids = tuple(task_ids)
        if not advice:
            advice = _send_again(task_ids, _MAY_BE_THERE) if task_ids else "the same call can safely be repeated"
        after = f" after {waited_s:.1f} s" if round(waited_s, 1) else ""
        super().__init__(f"Redis is unavailable{after} ({reason}); {advice}")

    def about(self, task_ids: Sequence[str]) -> "BrokerUnavailable":
        """The same about tasks that were to be enqueued."""
        return BrokerUnavailable(self.reason, self.waited_s, task_ids)

    def advising(self, task_id: str, advice: str) -> "BrokerUnavailable":
        """The same about one task that was to be enqueued, and cannot be sent again by its request; `advice` says what
        to do instead.
        """
        said = f"task {task_id!r} {_MAY_BE_THERE}; {advice}"
        return BrokerUnavailable(self.reason, self.waited_s, [task_id], said)


class QueueFull(BrokerError):
    """Raised when Redis is out of memory. Running tasks can still finish.

    If several tasks were enqueued, the first of them may be stored. `task_ids` and `requests` are as in
    BrokerUnavailable.
    """

    requests: tuple[Any, ...] = ()

    def __init__(self, reason: str, task_ids: Sequence[str] = ()) -> None:
        self.reason = reason
        self.task_ids = tuple(task_ids)
        again = f"; {_send_again(task_ids, _MAY_BE_THERE)}" if len(task_ids) > 1 else ""
        advice = f"raise maxmemory or drain the queue{again}"
        super().__init__(f"Redis is out of memory and takes nothing new ({reason}); {advice}")

    def about(self, task_ids: Sequence[str]) -> "QueueFull":
        """The same about tasks that were to be enqueued."""
        return QueueFull(self.reason, task_ids)


class BrokerMisconfigured(BrokerError):
    """Raised when a setting of Redis endangers tasks. `server` is the address of the server that has it."""

    def __init__(self, setting: str, value: str, wanted: str, server: str = "Redis") -> None:
        self.setting = setting
        self.value = value
        self.wanted = wanted
        self.server = server
        super().__init__(f"{server} has {setting} {value}, which can lose tasks; set it: CONFIG SET {setting} {wanted}")


class ShardMapDamaged(BrokerError):
    """Raised when the shard map of a queue cannot be read, or its copies in the shards differ."""

    def __init__(self, queue: str, key: str, stored: str) -> None:
        self.queue = queue
        self.key = key
        self.stored = stored
        advice = "restore it, as each shard of the queue keeps a copy under its own name"
        super().__init__(f"the shard map of queue {queue!r} is damaged: {key} is {stored!r}; {advice}")


class BrokerRefused(BrokerError):
    """Raised when Redis answered a call with an error that a retry cannot solve."""

    def __init__(self, call: str, reason: str) -> None:
        self.call = call
        self.reason = reason
        super().__init__(f"Redis refused {call}: {reason}")


class AccessDenied(BrokerRefused):
    """Raised when the password is wrong, or the user lacks a right that a call needs."""


class WrongKeyType(BrokerRefused):
    """Raised when a key of redisched has another type because another program wrote it. Nothing was changed."""

    def __init__(self, call: str, key: str, found: str, wanted: str) -> None:
        self.key = key
        self.found = found
        self.wanted = wanted
        reason = f"{key} is a {found} where redisched keeps a {wanted}; nothing was changed, move it away with RENAME"
        super().__init__(call, reason)


class FormatTooNew(BrokerRefused):
    """Raised when a later version of redisched has written data in a newer format. Nothing was read or changed."""

    def __init__(self, found: str, known: int) -> None:
        self.found = found
        self.known = known
        super().__init__(
            "the call",
            f"a later redisched has written to this queue, in format {found}; this one understands formats up to"
            f" {known} and leaves it alone: upgrade this program",
        )


def _send_again(task_ids: Sequence[str], what: str) -> str:
    named = f"task {task_ids[0]!r}" + (f" and {len(task_ids) - 1} more" if len(task_ids) > 1 else "")
    return f"{named} {what}, and enqueue_many(error.requests) sends it again without adding anything twice"
