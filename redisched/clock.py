"""Clocks. They are passed as arguments, so that tests and the simulation can set the time."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock, for durations and deadlines only."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""


class SystemClock:
    """The monotonic clock of the operating system."""

    monotonic = staticmethod(time.monotonic)


DRIFT = 5e-4
"""The speeds of two clocks may differ by so much, because NTP may make a clock run faster or slower by this factor."""


@dataclass(slots=True)
class ServerClock:
    """Estimates the server's time. The estimate is never ahead of the server, so no task starts before its `run_at`.

    A reply carries the server's TIME, which was read between sending the command and receiving the reply. So the offset
    of the server's clock is at least `server - received` and at most `server - sent`. The narrowest bounds are kept;
    the replies with the shortest delay give them. They become wider with time, because two clocks do not run equally
    fast. If a new reply contradicts them, one of the clocks was set, and the bounds of that reply are used.
    """

    lowest_s: float | None = None
    highest_s: float = 0.0
    observed_s: float = 0.0

    def observe(self, sent_s: float, received_s: float, server_us: int) -> None:
        """Take in one reply: the monotonic moments around the call, and the server's TIME in microseconds."""
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
