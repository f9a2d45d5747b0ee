"""How the network treats messages: how long they travel, and what may happen to them on the way."""

from dataclasses import dataclass, fields
from enum import Enum, auto
from random import Random


class Fate(Enum):
    """What happens to a request and its reply."""

    PASSES = auto()
    REQUEST_CUT = auto()
    """The connection breaks before the request has arrived; the sender gets an error."""
    REPLY_CUT = auto()
    """The connection breaks after the request has been carried out; the sender gets the same error."""
    VANISHES = auto()
    """Nothing arrives any more, in either direction, and the sender gets no error."""
    STRAYS = auto()
    """As if the connection fell silent, but the request arrives late: maybe after its repetition."""
    COMES_TWICE = auto()
    """The request arrives, and some time later once more; the second reply is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Travel times in microseconds, and the probability of each mishap per request."""

    fastest_us: float = 100.0
    slowest_us: float = 500.0
    request_cut: float = 0.0
    reply_cut: float = 0.0
    vanishes: float = 0.0
    strays: float = 0.0
    comes_twice: float = 0.0

    @property
    def is_calm(self) -> bool:
        """Whether every message passes."""
        return not any(getattr(self, field.name) for field in fields(self)[2:])

    def fate(self, random: Random) -> Fate:
        """Draw the fate of one request."""
        roll = random.random()
        for fate, probability in (
            (Fate.REQUEST_CUT, self.request_cut),
            (Fate.REPLY_CUT, self.reply_cut),
            (Fate.VANISHES, self.vanishes),
            (Fate.STRAYS, self.strays),
            (Fate.COMES_TWICE, self.comes_twice),
        ):
            roll -= probability
            if roll < 0:
                return fate
        return Fate.PASSES
