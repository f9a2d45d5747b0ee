"""How many tasks a worker starts per millisecond, as a moving average that fades when nothing starts."""

from math import exp

FADE_MS = 50.0
"""Time after which a burst counts for about a third."""


class StartRate:
    """An exponentially weighted rate. Pure: the caller says what time it is."""

    def __init__(self) -> None:
        self._per_ms = 0.0
        self._counted = 0
        self._since_ms: float | None = None

    def count(self) -> None:
        """One more task has started."""
        self._counted += 1

    def per_ms(self, now_ms: float) -> float:
        """Starts per millisecond, as of now."""
        if self._since_ms is None:
            self._since_ms = now_ms
        elapsed_ms = now_ms - self._since_ms
        if elapsed_ms >= 1.0:
            fresh = 1.0 - exp(-elapsed_ms / FADE_MS)
            self._per_ms += fresh * (self._counted / elapsed_ms - self._per_ms)
            self._counted = 0
            self._since_ms = now_ms
        return self._per_ms
