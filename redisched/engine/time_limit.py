"""How long a running attempt may take. Its handler may move the limit while it runs."""

from collections.abc import Callable


class SoftLimit:
    """The moment at which a handler is told to end, by a monotonic clock. Can be used from any thread."""

    __slots__ = ("_ends_s", "_now_s", "extended_s")

    def __init__(self, now_s: Callable[[], float], timeout_s: float) -> None:
        self._now_s = now_s
        self._ends_s = now_s() + timeout_s
        self.extended_s = 0.0
        """By how much it was moved in all."""

    def remaining_s(self) -> float:
        """Seconds until the handler is told to end; 0.0 from then on."""
        return max(0.0, self._ends_s - self._now_s())

    def extend(self, seconds: float) -> None:
        """Move the limit. Does nothing once it is over: the handler has been told to end."""
        if self.remaining_s() > 0.0:
            self._ends_s += seconds
            self.extended_s += seconds
