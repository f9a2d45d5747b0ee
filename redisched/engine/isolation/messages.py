"""The messages between a worker and a process of isolated handlers, encoded in msgpack like everything that is
stored.
"""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any, NamedTuple

from redisched.codec import decode_message, encode_message
from redisched.context import TaskContext


class Order(NamedTuple):
    """A task to run: its record as it came from Redis, and the context for its handler. `free_slots` is how many more
    tasks the worker process could run when it sent the order.
    """

    record: bytes
    context: TaskContext
    keeps_result: bool
    free_slots: int

    def encode(self) -> bytes:
        return encode_message((self.record, asdict(self.context), self.keeps_result, self.free_slots))


def decode_order(encoded: bytes) -> Order:
    """Decode an order."""
    record, context, keeps_result, free = decode_message(encoded)
    return Order(record, TaskContext(**context), keeps_result, free)


class ReplyKind(StrEnum):
    """What a reply tells."""

    READY = "ready"
    """The process has imported the application."""
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

    def encode(self) -> bytes:
        return encode_message(self)


def decode_reply(encoded: bytes) -> Reply:
    """Decode a reply."""
    kind, *rest = decode_message(encoded)
    return Reply(ReplyKind(kind), *rest)
