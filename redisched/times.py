"""Formats times and durations for people."""

from datetime import UTC, datetime
from itertools import pairwise

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def duration(milliseconds: int) -> str:
    """Return a duration in its two largest units: 850 ms, 12.3 s, 5 min 3 s, 2 h 5 min, 3 d 4 h."""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1_000:.1f} s"
    for (size, unit), (smaller, smaller_unit) in pairwise(_UNITS):
        if milliseconds >= size:
            return f"{milliseconds // size} {unit} {milliseconds % size // smaller} {smaller_unit}"
    raise AssertionError("every duration of a minute and more has a unit")


def relative(moment_ms: int, now_ms: int) -> str:
    """Return the distance of a time from now: in 5 min 3 s, 12.3 s ago."""
    apart = duration(abs(moment_ms - now_ms))
    return f"in {apart}" if moment_ms > now_ms else f"{apart} ago"


def exact(moment_ms: int) -> str:
    """Return a time in UTC, to the millisecond."""
    return datetime.fromtimestamp(moment_ms / 1_000, UTC).isoformat(sep=" ", timespec="milliseconds")


def relative_and_exact(moment_ms: int, now_ms: int) -> str:
    """Return a time in both forms, the exact one in parentheses."""
    return f"{relative(moment_ms, now_ms)} ({exact(moment_ms)})"
