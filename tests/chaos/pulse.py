"""When an event happened that should happen all the time, and the longest times between two of them."""

import time
from itertools import pairwise


class Pulse:
    """The times of an event, from now on. One thread adds beats, any thread may read."""

    def __init__(self) -> None:
        self._beats_s = [time.monotonic()]

    def beat(self) -> None:
        """Note that the event happened."""
        self._beats_s.append(time.monotonic())

    @property
    def count(self) -> int:
        """How often the event has happened."""
        return len(self._beats_s) - 1

    def longest_s(self, count: int) -> list[float]:
        """The longest times between two beats, in seconds, the longest first; 0 where there were fewer."""
        waits = sorted((later - earlier for earlier, later in pairwise(self._beats_s)), reverse=True)
        return (waits + count * [0.0])[:count]
