"""What a worker and the process of an isolated handler say to each other: msgpack, like everything that is stored."""

from dataclasses import asdict
from enum import StrEnum
from typing import NamedTuple

from redisched.codec import decode_message, encode_message
from redisched.context import TaskContext


class Order(NamedTuple):
    """A task to run: its record as it came from Redis, and what its handler may know. `free_slots` is how many more
    tasks its worker process could run when it was sent.
    """

    record: bytes
    context: TaskContext
    keeps_result: bool
    free_slots: int

    def encode(self) -> bytes:
        return encode_message((self.record, asdict(self.context), self.keeps_result, self.free_slots))


def decode_order(encoded: bytes) -> Order:
    """The order within bytes."""
    record, context, keeps_result, free = decode_message(encoded)
    return Order(record, TaskContext(**context), keeps_result, free)


class ReplyKind(StrEnum):
    """What a process has to say."""

    READY = "ready"
    """It has imported the application."""
    RETURNED = "returned"
    """The handler returned; `outcome` is encoded, and b"" if no result is kept."""
    UNSTORABLE = "unstorable"
    """The handler returned what cannot be stored; `error` says why."""
    RAISED = "raised"
    """The handler, or the import of the application, raised `error`."""
    INTERRUPTED = "interrupted"
    """The handler ended as it was asked to."""


class Reply(NamedTuple):
    """What became of an order, and how much memory the process has by then."""

    kind: ReplyKind
    outcome: bytes = b""
    error: str = ""
    traceback: str = ""
    memory_bytes: int = 0

    def encode(self) -> bytes:
        return encode_message(self)


def decode_reply(encoded: bytes) -> Reply:
    """The reply within bytes."""
    kind, *rest = decode_message(encoded)
    return Reply(ReplyKind(kind), *rest)
