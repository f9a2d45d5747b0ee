"""What a supervisor and its worker processes say to each other: lines of JSON over a socket.

Neither needs anything here but the standard library, so that a supervisor stays small.
"""

import json
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

from redisched.backoff import Backoff
from redisched.config import Durability, Eviction, LogFormat, Settings, Until, WorkerSettings


class Exit(IntEnum):
    """How a worker process, or a whole supervisor, ends."""

    STOPPED = 0
    CRASHED = 1
    MISCONFIGURED = 2
    STUCK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What all processes of a fleet do: serve the application named MODULE:APP. `url` and `prefix` say which Redis and
    which keys it was told to serve; an application that names others itself is refused. Where nobody names a Redis, an
    `embedded` one will do.
    """

    target: str
    settings: WorkerSettings
    url: str | None = field(default=None, repr=False)
    prefix: str | None = None
    embedded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What a worker process is told. `table` is the descriptor of its table of started tasks, `name_suffix` makes its
    name unlike every other, `path` is where modules are looked for.
    """

    work: Work
    name_suffix: str
    table: int
    path: tuple[str, ...]

    def encode(self) -> bytes:
        """The spec as a line."""
        return json.dumps(asdict(self)).encode() + b"\n"


def decode_spec(line: bytes) -> ChildSpec:
    """The spec within a line."""
    fields = json.loads(line)
    work = fields.pop("work")
    settings = work.pop("settings")
    for name, kind in (("until", Until), ("eviction", Eviction)):
        settings[name] = kind(settings[name])
    if settings["log_format"] is not None:
        settings["log_format"] = LogFormat(settings["log_format"])
    for name in ("retry_backoff", "unroutable_backoff", "reconnect_backoff"):
        settings[name] = Backoff(**settings[name])
    for name in ("queues", "imports"):
        settings[name] = tuple(settings[name])
    path = tuple(fields.pop("path"))
    return ChildSpec(work=Work(settings=WorkerSettings(**settings), **work), path=path, **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The application has been imported: what is needed to take its tasks back, should the process die."""

    queues: tuple[str, ...]
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Fatal:
    """The process cannot work: `reason` is for people, `exit_code` for whoever started the fleet."""

    reason: str
    exit_code: Exit


Message = Ready | Fatal


def encode_message(message: Message) -> bytes:
    """A message as a line."""
    return json.dumps([type(message).__name__, asdict(message)]).encode() + b"\n"


def decode_message(line: bytes) -> Message:
    """The message within a line."""
    kind, fields = json.loads(line)
    if kind == Fatal.__name__:
        return Fatal(reason=fields["reason"], exit_code=Exit(fields["exit_code"]))
    settings: dict[str, Any] = fields["settings"]
    settings["durable"] = Durability(settings["durable"])
    return Ready(queues=tuple(fields["queues"]), settings=Settings(**settings))
