"""What every kind of timetable has: its slots, its words, and the record by which other processes know it."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from redisched.errors import InvalidOption
from redisched.timetable.at import At
from redisched.timetable.cron import Cron
from redisched.timetable.every import Every


class Slots(Protocol):
    """A set of moments that is the same in every process."""

    def next_after_ms(self, after_ms: int) -> int | None:
        """Return the first slot strictly after a moment; None if there is none."""


class Timetable(Slots, Protocol):
    """Slots that can be said and stored."""

    def words(self) -> str:
        """Say in English when the slots come, such as "at 03:00 every day, Berlin time"."""

    def as_record(self) -> list[str | int]:
        """Return what `from_record` makes an equal timetable of; the first member names its kind."""


_KINDS: dict[str, Callable[..., Timetable]] = {
    "cron": Cron.from_record,
    "every": Every.from_record,
    "at": At.from_record,
}


def from_record(record: object) -> Timetable:
    """Return the timetable of a record. Raises InvalidOption for what is none, or names a zone unknown here."""
    if isinstance(record, list) and record and isinstance(record[0], str) and record[0] in _KINDS:
        try:
            return _KINDS[record[0]](*record[1:])
        except TypeError:
            pass  # too many members, or too few
    raise InvalidOption("timetable", record, f"a list that begins with one of {', '.join(_KINDS)}")


def slots_after(timetable: Slots, after_ms: int) -> Iterator[int]:
    """The slots after a moment, in order, as far as there are any."""
    slot_ms = timetable.next_after_ms(after_ms)
    while slot_ms is not None:
        yield slot_ms
        slot_ms = timetable.next_after_ms(slot_ms)


def next_slots(timetable: Slots, after_ms: int, count: int) -> list[int]:
    """Return the next slots after a moment, at most `count`."""
    return list(islice(slots_after(timetable, after_ms), count))
