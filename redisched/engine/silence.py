"""How long a process has given no sign of life while somebody listened.

Without a look at the listener's own time every process of a machine that slept would be taken for dead when it wakes.
"""

from dataclasses import dataclass

MOMENT_S = 2.0
"""Who listens is there more often than that, or else was not there itself."""


@dataclass(slots=True)
class Silence:
    """The silence of one process, in seconds. Its signs of life are monotonic moments, 0.0 before the first."""

    _sign_s: float = 0.0
    _listened_s: float = 0.0
    _silent_s: float = 0.0

    def listen(self, sign_s: float, now_s: float) -> float:
        """Take in the latest sign of life; answers for how long there was none. Before the first none is expected."""
        if sign_s and sign_s == self._sign_s:
            self._silent_s += min(MOMENT_S, now_s - self._listened_s)
        else:
            self._silent_s = 0.0
        self._sign_s, self._listened_s = sign_s, now_s
        return self._silent_s
