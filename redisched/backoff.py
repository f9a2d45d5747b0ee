"""Computes how long to wait before a retry: an exponential backoff with an upper limit and jitter.

Full jitter is from "Exponential Backoff And Jitter" (M. Brooker, AWS Architecture Blog, 2015); here only
half of the delay is random, so that no retry follows at once.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Delays that double from `base_s` up to `cap_s`; a random part of up to half is subtracted."""

    base_s: float
    cap_s: float

    def delay_s(self, failures: int, random: Callable[[], float]) -> float:
        """Return the wait in seconds after `failures` failures in a row (1 or more). `random` returns from [0, 1)."""
        exponent = min(failures - 1, 62)
        full_s = min(self.cap_s, self.base_s * float(2**exponent))
        return full_s * (0.5 + 0.5 * random())
