"""For how long a worker process has given no sign of life, not counting the time in which its supervisor did not run.

When a computer wakes from sleep, every process on it has been silent for as long as the computer slept. Without the
exception for the supervisor's own pauses, the supervisor would take all of them for dead.
"""

from dataclasses import dataclass

MOMENT_S = 2.0
"""A supervisor that runs checks more often than that. A longer time between two checks counts only up to this length.
"""


@dataclass(slots=True)
class Liveness:
    """Counts for how long one process is silent, in seconds."""

    _sign_s: float = 0.0
    _checked_s: float = 0.0
    _silent_s: float = 0.0

    def check(self, sign_s: float, now_s: float) -> float:
        """Take in when the process gave its latest sign of life; answers for how long it has given none, in seconds.

        Both arguments are monotonic moments. `sign_s` is 0.0 before the first sign; until then the answer is 0.0.
        """
        if sign_s and sign_s == self._sign_s:
            self._silent_s += min(MOMENT_S, now_s - self._checked_s)
        else:
            self._silent_s = 0.0
        self._sign_s, self._checked_s = sign_s, now_s
        return self._silent_s
