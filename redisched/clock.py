"""Time as a value that is handed in, so that tests and simulation can move it."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """What redisched asks of time: a monotonic reading, for durations and deadlines only."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""


class SystemClock:
    """The clock of this machine."""

    monotonic = staticmethod(time.monotonic)


DRIFT = 5e-4
"""Two clocks may differ in speed by so much: what NTP slews at most."""


@dataclass(slots=True)
class ServerClock:
    """Estimates the server's time so that it is never ahead of it: no task starts before its `run_at`.

    A reply carries the server's TIME, read between sending and receiving. At the moment of receiving, the server
    is at least there: `server - received` is a lower bound of the offset, `server - sent` an upper bound. The
    narrowest bounds are kept, as replies with the least delay give them, until a new reply contradicts them: then a
    clock was set. Meanwhile they widen, as no two clocks run equally fast.
    """

    lowest_s: float | None = None
    highest_s: float = 0.0
    observed_s: float = 0.0

    def observe(self, sent_s: float, received_s: float, server_us: int) -> None:
        """Learn from one reply: monotonic times around the call, and the server's TIME in microseconds."""
        server_s = server_us / 1e6
        lower_s, upper_s = server_s - received_s, server_s - sent_s
        if self.lowest_s is not None:
            drift_s = DRIFT * (received_s - self.observed_s)
            lowest_s, highest_s = self.lowest_s - drift_s, self.highest_s + drift_s
            if lowest_s <= upper_s and lower_s <= highest_s:
                lower_s, upper_s = max(lowest_s, lower_s), min(highest_s, upper_s)
        self.lowest_s, self.highest_s, self.observed_s = lower_s, upper_s, received_s

    def now_ms(self, monotonic_s: float) -> float:
        """The server's time in milliseconds at a monotonic moment; 0 before the first observation."""
        return 0.0 if self.lowest_s is None else (monotonic_s + self.lowest_s) * 1e3

    def monotonic_at(self, server_ms: float) -> float:
        """The latest monotonic moment, in seconds, at which the server's time can have been `server_ms`."""
        return server_ms / 1e3 - (self.lowest_s or 0.0)

    def earliest_monotonic_at(self, server_us: int) -> float:
        """The earliest monotonic moment, in seconds, at which the server's time can have been `server_us`."""
        return server_us / 1e6 - self.highest_s
