"""How the network treats messages: for how long they travel, and what may happen to them on the way."""

from dataclasses import dataclass, fields
from enum import Enum, auto
from random import Random


class Fate(Enum):
    """What becomes of a request and of its reply."""

    PASSES = auto()
    REQUEST_CUT = auto()
    """The connection breaks before the request has arrived; its sender is told."""
    REPLY_CUT = auto()
    """The connection breaks when the request has been carried out; its sender is told the same."""
    VANISHES = auto()
    """Nothing arrives any more, either way, and nobody is told."""
    STRAYS = auto()
    """As if it vanished, but the request arrives late: maybe after another one that was sent in its place."""
    COMES_TWICE = auto()
    """It arrives, and some time later once more; nobody hears the second reply."""


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
