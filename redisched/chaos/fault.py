"""What a proxy does to messages: values that say which message is meant, and what becomes of it."""

from dataclasses import dataclass
from enum import StrEnum

from redisched.errors import InvalidOption


class Message(StrEnum):
    """The two kinds of messages on a connection."""

    REQUEST = "request"
    """A command on its way to the server."""
    REPLY = "reply"
    """The answer to a command, on its way back: the server has done what it was asked."""


class Action(StrEnum):
    """What becomes of a message."""

    CUT = "cut"
    """The connection is closed in its place."""
    CUT_HALFWAY = "cut_halfway"
    """The connection is closed after the first half of it."""
    DROP = "drop"
    """It vanishes; the connection stays open."""
    DUPLICATE = "duplicate"
    """It is passed on twice. The second reply to a request that was passed on twice vanishes."""
    BLACK_HOLE = "black_hole"
    """It vanishes, and with it everything that follows on this connection, both ways, which yet stays open."""
    PASS = "pass"
    """It is passed on, as fast as its pace allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a message travels: after a delay, at a rate, in pieces. Everything behind it waits.

    The delay is drawn evenly from `delay_s` plus and minus `jitter_s`, and is never less than 0.
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
    """What shall happen to the k-th request or reply of a script.

    `script` is the name of a script of redisched, such as `claim`, or of a command in capitals, such as `BLPOP`; None
    means any but those with which a connection begins. `occurrence` counts from 1 and from when the fault was set;
    None means every one. Of those that are meant, a `share` between 0 and 1 is hit, by chance.
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
