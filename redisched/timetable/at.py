"""A timetable with a single slot."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from redisched.model import LARGEST_RUN_AT_MS
from redisched.option_checks import check_run_at, check_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One moment. It may have passed: whether its slot is then fired late is for the misfire policy to say."""

    moment_ms: int

    def __post_init__(self) -> None:
        check_whole("moment_ms", self.moment_ms, 0, LARGEST_RUN_AT_MS)

    @classmethod
    def of(cls, moment: object) -> Self:
        """Make one of an aware datetime or of seconds since 1970. Raises InvalidOption."""
        return cls(moment_ms=int(check_run_at("at", moment).removeprefix("@")))

    @classmethod
    def from_record(cls, moment_ms: int) -> Self:
        return cls(moment_ms=moment_ms)

    def as_record(self) -> list[str | int]:
        return ["at", self.moment_ms]

    def next_after_ms(self, after_ms: int) -> int | None:
        return self.moment_ms if after_ms < self.moment_ms else None

    def words(self) -> str:
        return f"once, {moment_words(self.moment_ms)}"


def moment_words(moment_ms: int) -> str:
    """Say a moment in UTC, as exactly as it needs: 2030-01-31 09:00 UTC, or with seconds, or with milliseconds."""
    precision = "milliseconds" if moment_ms % 1_000 else "seconds" if moment_ms % 60_000 else "minutes"
    moment = datetime.fromtimestamp(moment_ms / 1_000, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(sep=' ', timespec=precision)} UTC"
