"""Faults that a proxy injects: each is a value that says which message it applies to and what happens to it."""

from dataclasses import dataclass
from enum import StrEnum

from redisched.errors import InvalidOption


class Message(StrEnum):
    """The two kinds of messages on a connection."""

    REQUEST = "request"
    """A command on its way to the server."""
    REPLY = "reply"
    """The answer to a command, on its way back: the server has already executed the command."""


class Action(StrEnum):
    """What the proxy does with a message."""

    CUT = "cut"
    """The connection is closed instead of passing the message on."""
    CUT_HALFWAY = "cut_halfway"
    """The connection is closed after the first half of the message was passed on."""
    DROP = "drop"
    """The message is discarded; the connection stays open."""
    DUPLICATE = "duplicate"
    """The message is passed on twice. If it is a request, the second reply to it is discarded."""
    BLACK_HOLE = "black_hole"
    """The message and all later ones on this connection, both ways, are discarded; the connection stays open."""
    PASS = "pass"
    """The message is passed on, as slowly as its pace says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a message is passed on: after a delay, at a limited rate, in pieces. Later messages wait behind it.

    The delay is drawn uniformly from `delay_s` plus or minus `jitter_s`, and is never less than 0. Raises InvalidOption
    if `bytes_per_s` or `piece_bytes` is not positive.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None
    piece_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.bytes_per_s is not None and self.bytes_per_s <= 0:
            raise InvalidOption("bytes_per_s", self.bytes_per_s, "more than 0, or None for as fast as it goes")
        if self.piece_bytes is not None and self.piece_bytes < 1:
            raise InvalidOption("piece_bytes", self.piece_bytes, "1 or more, or None for one piece")


AT_ONCE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the k-th request or reply of a script.

    `script` is the name of a script of redisched, such as `claim`, or of a command in capitals, such as `BLPOP`. None
    means every command except those that set up a connection. `occurrence` is k, counted from 1 since the fault was
    set; None means every occurrence. `share`, 0 to 1, is the probability with which a matching message is hit. Raises
    InvalidOption for an occurrence or a share out of range.
    """

    message: Message
    action: Action
    script: str | None = None
    occurrence: int | None = None
    share: float = 1.0
    pace: Pace = AT_ONCE

    def __post_init__(self) -> None:
        if self.occurrence is not None and self.occurrence < 1:
            raise InvalidOption("occurrence", self.occurrence, "1 for the first, 2 for the second, None for every one")
        if not 0 <= self.share <= 1:
            raise InvalidOption("share", self.share, "0 to 1")
