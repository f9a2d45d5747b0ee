"""The messages between a supervisor and its worker processes: lines of JSON over a socket.

This module imports little besides the standard library, so that a supervisor needs little memory.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from enum import IntEnum
from typing import Any, Self

from redisched.backoff import Backoff
from redisched.config import Durability, Eviction, LogFormat, Settings, Until, WorkerSettings
from redisched.orders import WorkerOrder

DRAIN = b"drain\n"
"""Sent to a worker process that is to claim nothing more, and to end when its handlers have ended."""


class Exit(IntEnum):
    """How a worker process, or a whole supervisor, ends."""

    STOPPED = 0
    CRASHED = 1
    MISCONFIGURED = 2
    STUCK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What all worker processes of a supervisor do: serve the application named MODULE:APP.

    `url` and `prefix` are the Redis and the key prefix given on the command line. An application that names others is
    refused. If neither names a Redis, the embedded server is used, provided that `embedded` is true. With a
    `metrics_port`, each process serves its metrics on a port of its own, from this one on.
    """

    target: str
    settings: WorkerSettings
    url: str | None = field(default=None, repr=False)
    prefix: str | None = None
    embedded: bool = True
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"

    def in_place(self, number: int) -> Self:
        """What the process in one place of the fleet does; places are counted from 0."""
        return self if self.metrics_port is None else replace(self, metrics_port=self.metrics_port + number)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What a worker process gets from its supervisor. `table` is the descriptor of its table of started tasks,
    `name_suffix` makes its name unique, and `path` becomes its sys.path.
    """

    work: Work
    name_suffix: str
    table: int
    path: tuple[str, ...]

    def encode(self) -> bytes:
        """Encode the spec as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"


def decode_spec(line: bytes) -> ChildSpec:
    """Decode the spec from a line."""
    fields = json.loads(line)
    work = fields.pop("work")
    settings = work.pop("settings")
    for name, kind in (("until", Until), ("eviction", Eviction)):
        settings[name] = kind(settings[name])
    if settings["log_format"] is not None:
        settings["log_format"] = LogFormat(settings["log_format"])
    for name in ("unroutable_backoff", "reconnect_backoff"):
        settings[name] = Backoff(**settings[name])
    for name in ("queues", "imports"):
        settings[name] = tuple(settings[name])
    path = tuple(fields.pop("path"))
    return ChildSpec(work=Work(settings=WorkerSettings(**settings), **work), path=path, **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Sent once the application is imported, with what is needed to take back its tasks if the process dies."""

    queues: tuple[str, ...]
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Fatal:
    """Sent if the process cannot work. `reason` is logged, and the supervisor exits with `exit_code`."""

    reason: str
    exit_code: Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Sent if the process was told to leave, which it cannot do alone: the supervisor has to know of it."""

    order: WorkerOrder


Message = Ready | Fatal | Ordered


def encode_message(message: Message) -> bytes:
    """Encode a message as one line."""
    return json.dumps([type(message).__name__, asdict(message)]).encode() + b"\n"


def decode_message(line: bytes) -> Message:
    """Decode the message from a line."""
    kind, fields = json.loads(line)
    if kind == Fatal.__name__:
        return Fatal(reason=fields["reason"], exit_code=Exit(fields["exit_code"]))
    if kind == Ordered.__name__:
        return Ordered(order=WorkerOrder(fields["order"]))
    settings: dict[str, Any] = fields["settings"]
    settings["durable"] = Durability(settings["durable"])
    return Ready(queues=tuple(fields["queues"]), settings=Settings(**settings))
