"""Computes how long to wait before something is tried again.

Each backoff has an upper limit, and jitter: a random part of the pause is subtracted, so that many tasks that failed
together are not tried again together. The idea of jitter is from "Exponential Backoff And Jitter" (M. Brooker, AWS
Architecture Blog, 2015).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Pauses(Protocol):
    """The pauses after failures."""

    def delay_s(self, failures: int, random: Callable[[], float]) -> float:
        """Return the wait in seconds after `failures` failures in a row (1 or more). `random` returns from [0, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Delays that double from `base_s` up to `cap_s`; a random part, at most the share `jitter`, is subtracted."""

    base_s: float
    cap_s: float
    jitter: float = 0.5

    def delay_s(self, failures: int, random: Callable[[], float]) -> float:
        """Return the wait in seconds after `failures` failures in a row (1 or more). `random` returns from [0, 1)."""
        exponent = min(failures - 1, 62)
        return _jittered(min(self.cap_s, self.base_s * float(2**exponent)), self.jitter, random)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearBackoff:
    """Delays that grow by `step_s` with each failure, up to `cap_s`, with jitter as in Backoff."""

    step_s: float
    cap_s: float
    jitter: float

    def delay_s(self, failures: int, random: Callable[[], float]) -> float:
        """Return the wait in seconds after `failures` failures in a row (1 or more). `random` returns from [0, 1)."""
        return _jittered(min(self.cap_s, self.step_s * failures), self.jitter, random)


@dataclass(frozen=True, slots=True)
class ListedBackoff:
    """The delays of a list, one after the other; the last one holds for all further failures."""

    delays_s: tuple[float, ...]

    def delay_s(self, failures: int, random: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is random here
        """Return the wait in seconds after `failures` failures in a row (1 or more)."""
        return self.delays_s[min(failures, len(self.delays_s)) - 1]


def _jittered(full_s: float, jitter: float, random: Callable[[], float]) -> float:
    return full_s * (1.0 - jitter * (1.0 - random()))
