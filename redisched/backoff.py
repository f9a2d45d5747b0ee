"""How long to wait before trying again: exponential, capped, with jitter.

Full jitter is from "Exponential Backoff And Jitter" (M. Brooker, AWS Architecture Blog, 2015); half of the delay
is kept here so that a retry never comes at once.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Delays that double from `base_s` up to `cap_s`; each is drawn from its upper half."""

    base_s: float
    cap_s: float

    def delay_s(self, failures: int, random: Callable[[], float]) -> float:
        """The wait after so many failures in a row (1 or more), in seconds; `random` draws from [0, 1)."""
        exponent = min(failures - 1, 62)
        full_s = min(self.cap_s, self.base_s * float(2**exponent))
        return full_s * (0.5 + 0.5 * random())
