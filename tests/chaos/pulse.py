"""When something happened that should happen all the time, and how long it was waited for at worst."""

import time
from itertools import pairwise


class Pulse:
    """Beats from now on. One thread beats, any may look."""

    def __init__(self) -> None:
        self._beats_s = [time.monotonic()]

    def beat(self) -> None:
        """Note that it happened."""
        self._beats_s.append(time.monotonic())

    @property
    def count(self) -> int:
        """How often it has happened."""
        return len(self._beats_s) - 1

    def longest_s(self, count: int) -> list[float]:
        """The longest times between two beats, in seconds, the longest first; 0 where there were fewer."""
        waits = sorted((later - earlier for earlier, later in pairwise(self._beats_s)), reverse=True)
        return (waits + count * [0.0])[:count]
