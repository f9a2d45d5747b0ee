"""A timetable with all that bounds and shifts its slots."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

from redisched.errors import InvalidOption
from redisched.model import LARGEST_RUN_AT_MS
from redisched.option_checks import check_run_at, check_span, check_whole
from redisched.packing import pack_own
from redisched.timetable.at import moment_words
from redisched.timetable.every import span_words
from redisched.timetable.timetable import Timetable, from_record

_BEFORE_ALL_SLOTS_MS = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The slots of a timetable from `start_ms` to `end_ms`, both included. The task of each slot runs up to
    `jitter_ms` later. Raises InvalidOption if no slot is left.
    """

    timetable: Timetable
    start_ms: int | None = None
    end_ms: int | None = None
    jitter_ms: int = 0

    def __post_init__(self) -> None:
        for name in ("start_ms", "end_ms"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), 0, LARGEST_RUN_AT_MS)
        check_whole("jitter_ms", self.jitter_ms, 0, LARGEST_RUN_AT_MS)
        if self.next_after_ms(_BEFORE_ALL_SLOTS_MS) is None:
            bounds = " and ".join(self._bounds())
            raise InvalidOption("timetable", self.timetable.words(), f"at least one slot {bounds}; there is none")

    @classmethod
    def of(cls, timetable: Timetable, *, start: object = None, end: object = None, jitter: object = None) -> Self:
        """Make one of aware datetimes and of a duration. Raises InvalidOption."""
        return cls(
            timetable=timetable,
            start_ms=None if start is None else _moment_ms("start", start),
            end_ms=None if end is None else _moment_ms("end", end),
            jitter_ms=0 if jitter is None else check_span("jitter", jitter),
        )

    @classmethod
    def from_record(cls, record: object) -> Self:
        """Return what made this record with `as_record`. Raises InvalidOption for anything else."""
        if not isinstance(record, list) or len(record) != 4:
            raise InvalidOption("timing", record, "a list of a timetable, its start, its end and its jitter")
        timetable, start_ms, end_ms, jitter_ms = record
        return cls(timetable=from_record(timetable), start_ms=start_ms, end_ms=end_ms, jitter_ms=jitter_ms)

    def as_record(self) -> list[object]:
        return [self.timetable.as_record(), self.start_ms, self.end_ms, self.jitter_ms]

    def digest(self) -> str:
        """Return 16 characters that are the same for equal timings, in every process and version."""
        return blake2b(pack_own(self.as_record()), digest_size=8).hexdigest()

    def next_after_ms(self, after_ms: int) -> int | None:
        """Return the first slot strictly after a moment; None if there is none."""
        slot_ms = self.timetable.next_after_ms(after_ms if self.start_ms is None else max(after_ms, self.start_ms - 1))
        return None if slot_ms is None or (self.end_ms is not None and slot_ms > self.end_ms) else slot_ms

    def run_at_ms(self, name: str, slot_ms: int) -> int:
        """Return when the task of a slot is due: the same in every process, spread among schedules by their names."""
        drawn = int.from_bytes(blake2b(f"{name}@{slot_ms}".encode(), digest_size=8).digest())
        return min(slot_ms + drawn % (self.jitter_ms + 1), LARGEST_RUN_AT_MS)

    def words(self) -> str:
        """Say in English when tasks run, such as "at 03:00 every day, Berlin time, each up to 30 seconds later"."""
        later = [f"each up to {span_words(self.jitter_ms)} later"] if self.jitter_ms else []
        return ", ".join([self.timetable.words(), *later, *self._bounds()])

    def _bounds(self) -> list[str]:
        start = [] if self.start_ms is None else [f"from {moment_words(self.start_ms)}"]
        end = [] if self.end_ms is None else [f"until {moment_words(self.end_ms)}"]
        return start + end


def _moment_ms(option: str, value: object) -> int:
    return int(check_run_at(option, value).removeprefix("@"))
