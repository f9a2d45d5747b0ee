"""A timetable of slots that are all equally far apart, whatever the clocks of any country do."""

from dataclasses import dataclass
from typing import Self

from redisched.errors import InvalidOption
from redisched.model import LARGEST_RUN_AT_MS
from redisched.option_checks import check_run_at, check_span, check_whole
from redisched.timetable.at import moment_words

SHORTEST_INTERVAL_MS = 1_000
_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "millisecond"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A slot every `interval_ms`, counted from `anchor_ms` in both directions.

    With the default anchor, the beginning of 1970 in UTC, the slots do not depend on when a worker started: "1h" is
    every full hour, and "1d" is midnight in UTC.
    """

    interval_ms: int
    anchor_ms: int = 0

    def __post_init__(self) -> None:
        check_whole("interval_ms", self.interval_ms, SHORTEST_INTERVAL_MS, LARGEST_RUN_AT_MS)
        check_whole("anchor_ms", self.anchor_ms, 0, LARGEST_RUN_AT_MS)

    @classmethod
    def of(cls, interval: object, anchor: object = None) -> Self:
        """Make one of seconds, a timedelta or a text such as "90s", and of an aware datetime. Raises InvalidOption."""
        interval_ms = check_span("every", interval)
        if interval_ms < SHORTEST_INTERVAL_MS:
            raise InvalidOption("every", interval, "at least 1 s")
        anchor_ms = 0 if anchor is None else int(check_run_at("anchor", anchor).removeprefix("@"))
        return cls(interval_ms=interval_ms, anchor_ms=anchor_ms)

    @classmethod
    def from_record(cls, interval_ms: int, anchor_ms: int) -> Self:
        return cls(interval_ms=interval_ms, anchor_ms=anchor_ms)

    def as_record(self) -> list[str | int]:
        return ["every", self.interval_ms, self.anchor_ms]

    def next_after_ms(self, after_ms: int) -> int | None:
        next_ms = after_ms + self.interval_ms - (after_ms - self.anchor_ms) % self.interval_ms
        return next_ms if next_ms <= LARGEST_RUN_AT_MS else None

    def words(self) -> str:
        counted_from = f", counted from {moment_words(self.anchor_ms)}" if self.anchor_ms else ""
        return f"every {_interval_words(self.interval_ms)}{counted_from}"


def span_words(span_ms: int) -> str:
    """Say a duration: "1 minute", "1 hour 30 minutes"."""
    parts = []
    for size, unit in _UNITS:
        count, span_ms = divmod(span_ms, size)
        if count:
            parts.append(f"{count} {unit if count == 1 else f'{unit}s'}")
    return " ".join(parts)


def _interval_words(interval_ms: int) -> str:
    """Say an interval as after "every": one unit alone loses its 1, as in "every hour"."""
    said = span_words(interval_ms)
    count, unit, *more = said.split(" ")
    return unit if count == "1" and not more else said
