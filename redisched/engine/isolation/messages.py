"""The messages between a worker and a process of isolated handlers, encoded in msgpack like everything that is
stored.
"""

from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any, NamedTuple

from redisched.codec import decode_message, encode_message
from redisched.context import TaskContext


class Order(NamedTuple):
    """A task to run: its record as it came from Redis, and the context for its handler. `free_slots` is how many more
    tasks the worker process could run when it sent the order. `timeout_s` counts from when a ready process gets the
    order; None: no timeout. `checkpoint` is what an earlier attempt saved. The server's time is `server_ahead_ms`
    ahead of the monotonic clock, which all processes of a machine share.
    """

    record: bytes
    context: TaskContext
    keeps_result: bool
    free_slots: int
    timeout_s: float | None = None
    checkpoint: bytes = b""
    server_ahead_ms: float = 0.0

    def encode(self) -> bytes:
        facts = {name: getattr(self.context, name) for name in _FACTS}
        return encode_message((self.record, facts, *self[2:]))


_IN_RECORD = {"args", "kwargs", "headers"}
_FACTS = tuple(
    one.name for one in fields(TaskContext) if one.name not in _IN_RECORD | {"values"} and one.name[0] != "_"
)
"""What of a context is sent. The rest is in the record, or of the process in which the handler runs."""


def decode_order(encoded: bytes) -> Order:
    """Decode an order."""
    record, facts, *rest = decode_message(encoded)
    return Order(record, TaskContext(**facts), *rest)


class ReplyKind(StrEnum):
    """What a reply tells."""

    READY = "ready"
    """The process has imported the application."""
    EXTENDED = "extended"
    """The handler runs, and has moved its timeout later by `seconds`."""
    CHECKPOINT = "checkpoint"
    """The handler runs, and `outcome` is a state to save. It waits for an answer."""
    REPORT = "report"
    """The handler runs, and `outcome` is what it has told of its progress."""
    RETURNED = "returned"
    """The handler returned. `outcome` is the encoded outcome."""
    UNSTORABLE = "unstorable"
    """The handler returned a result that cannot be stored; `error` says why."""
    RAISED = "raised"
    """The handler, or the import of the application, raised `error`."""
    INTERRUPTED = "interrupted"
    """The handler was interrupted and has ended."""


class Reply(NamedTuple):
    """What became of an order, and how much memory the process has now."""

    kind: ReplyKind
    outcome: bytes = b""
    error: str = ""
    traceback: str = ""
    memory_bytes: int = 0
    decision: Sequence[Any] = ()
    """The fields of a RetryDecision if the handler raised."""
    seconds: float = 0.0

    def encode(self) -> bytes:
        return encode_message(self)


def decode_reply(encoded: bytes) -> Reply:
    """Decode a reply."""
    kind, *rest = decode_message(encoded)
    return Reply(ReplyKind(kind), *rest)


class AnswerKind(StrEnum):
    """What the worker did with a state that a handler saves."""

    SAVED = "saved"
    LOST = "lost"
    UNAVAILABLE = "unavailable"
    FULL = "full"
    REFUSED = "refused"


class Answer(NamedTuple):
    """The answer to a state to save. If it was not saved, `reason` says why; Redis was waited for `waited_s`."""

    kind: AnswerKind
    reason: str = ""
    waited_s: float = 0.0

    def encode(self) -> bytes:
        return encode_message(self)


def decode_answer(encoded: bytes) -> Answer:
    """Decode an answer."""
    kind, *rest = decode_message(encoded)
    return Answer(AnswerKind(kind), *rest)
