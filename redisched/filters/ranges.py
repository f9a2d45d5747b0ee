"""Ranges of priorities and ages in a filter: `5`, `>=5`, `<1h`, `1h..2h`, `..10m`."""

import re
from collections.abc import Callable
from datetime import datetime

from redisched.errors import InvalidFilter
from redisched.filters.conditions import Range
from redisched.model import LARGEST_RUN_AT_MS, LOWEST_PRIORITY, Priority

_COMPARED = re.compile(r"(>=|<=|>|<)(.*)")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PRIORITIES = {priority.name.lower(): int(priority) for priority in Priority}


def priority_range(part: str, text: str) -> Range:
    """A range of priorities. Raises InvalidFilter, which names the part of the filter."""
    return _range(part, text, _priority)


def age_range(part: str, text: str) -> Range:
    """A range of ages in milliseconds. Raises InvalidFilter, also for a single age, which no task would have."""
    if not _COMPARED.match(text) and ".." not in text:
        raise InvalidFilter(part, f"an age is a range: {text}.. for older, ..{text} for younger, or 1h..2h")
    return _range(part, text, _duration_ms)


def moment_ms(part: str, text: str) -> int:
    """A moment in milliseconds since 1970. Raises InvalidFilter."""
    allowed = "a moment with its offset from UTC, such as 2030-01-31T09:00:00Z; for the last hour write age:..1h"
    try:
        moment = datetime.fromisoformat(text)
        milliseconds = round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidFilter(part, allowed) from None
    if moment.utcoffset() is None or not 0 <= milliseconds <= LARGEST_RUN_AT_MS:
        raise InvalidFilter(part, allowed)
    return milliseconds


def _range(part: str, text: str, read: Callable[[str, str], int]) -> Range:
    compared = _COMPARED.fullmatch(text)
    if compared is not None:
        number = read(part, compared[2])
        return {
            ">=": Range(number, None),
            ">": Range(number + 1, None),
            "<=": Range(None, number),
            "<": Range(None, number - 1),
        }[compared[1]]
    first, dots, last = text.partition("..")
    if not dots:
        return Range(read(part, first), read(part, first))
    low, high = (read(part, end) if end else None for end in (first, last))
    if low is not None and high is not None and low > high:
        raise InvalidFilter(part, f"no number is from {first} to {last}; write {last}..{first}")
    if low is None and high is None:
        raise InvalidFilter(part, "a range has at least one end, as in 1..3, 4.. and ..2")
    return Range(low, high)


def _priority(part: str, text: str) -> int:
    if text in _PRIORITIES:
        return _PRIORITIES[text]
    if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= LOWEST_PRIORITY:
        return int(text)
    names = ", ".join(_PRIORITIES)
    raise InvalidFilter(part, f"a priority is a number from 0 to {LOWEST_PRIORITY}, or one of {names}")


def _duration_ms(part: str, text: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidFilter(part, f"{text!r} is not a duration such as 500ms, 10s, 5m, 2h or 1d")
    return round(float(found[1]) * _MILLISECONDS[found[2]])
