"""Which of the slots that nobody fired in time are still fired."""

import re
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Self

from redisched.errors import InvalidOption
from redisched.option_checks import check_whole
from redisched.timetable.timetable import Slots, slots_after

DEFAULT_MOST = 100
MOST_LATE_SLOTS = 1_000
_COUNTED_ONE_BY_ONE = 5_000
_ALL = re.compile(r"all\(max=(\d{1,9})\)")
_ALLOWED = 'one of "skip", "latest", "all" and "all(max=100)"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfire:
    """Fires at most the newest `most` of the late slots."""

    most: int

    def __post_init__(self) -> None:
        check_whole("max", self.most, 0, MOST_LATE_SLOTS)

    @classmethod
    def of(cls, option: str, value: object) -> Self:
        """Make one of "skip", "latest", "all" or "all(max=36)". Raises InvalidOption."""
        if isinstance(value, cls):
            return value
        known = {"skip": 0, "latest": 1, "all": DEFAULT_MOST}
        if isinstance(value, str):
            if value in known:
                return cls(most=known[value])
            if found := _ALL.fullmatch(value):
                return cls(most=check_whole("max", int(found[1]), 1, MOST_LATE_SLOTS))
        raise InvalidOption(option, value, _ALLOWED)

    def words(self) -> str:
        return {0: "skip", 1: "latest"}.get(self.most, f"all(max={self.most})")


def late_slots(timetable: Slots, after_ms: int, until_ms: int, misfire: Misfire) -> list[int]:
    """Return which slots after one moment and up to another are fired, in their order.

    What it costs is bounded, also when a schedule of every second was left alone for years.
    """
    if misfire.most == 0:
        return []
    newest: deque[int] = deque(maxlen=misfire.most)
    slots = islice(slots_after(timetable, after_ms), _COUNTED_ONE_BY_ONE)
    for slot_ms in slots:
        if slot_ms > until_ms:
            return list(newest)
        newest.append(slot_ms)
    return _newest_slots(timetable, after_ms, until_ms, misfire.most)


def _newest_slots(timetable: Slots, after_ms: int, until_ms: int, most: int) -> list[int]:
    newest: deque[int] = deque()
    slot_ms = _last_slot(timetable, after_ms, until_ms)
    while slot_ms is not None and len(newest) < most:
        newest.appendleft(slot_ms)
        slot_ms = _last_slot(timetable, after_ms, slot_ms - 1)
    return list(newest)


def _last_slot(timetable: Slots, after_ms: int, until_ms: int) -> int | None:
    """The last slot after one moment and up to another, found by halving the time in which it must lie."""

    def follows(moment_ms: int) -> int | None:
        slot_ms = timetable.next_after_ms(moment_ms)
        return slot_ms if slot_ms is not None and slot_ms <= until_ms else None

    last_ms = follows(after_ms)
    nothing_follows_ms = until_ms
    while last_ms is not None and nothing_follows_ms - last_ms > 1:
        middle_ms = (last_ms + nothing_follows_ms) // 2
        found_ms = follows(middle_ms)
        if found_ms is None:
            nothing_follows_ms = middle_ms
        else:
            last_ms = found_ms
    return last_ms
