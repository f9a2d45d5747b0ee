"""Durations as tests write them: 90, timedelta(hours=6), "30 days"."""

import re

from redisched.errors import InvalidOption
from redisched.option_checks import check_milliseconds

_TEXT = re.compile(r"(\d{1,12}(?:\.\d{1,9})?) ?([a-z]+)")
_SECONDS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "second", "seconds"), 1),
    **dict.fromkeys(("m", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
}


def check_duration(option: str, value: object) -> int:
    """Convert seconds, a timedelta or a text such as "30 days" or "6h" to whole milliseconds. Raises InvalidOption."""
    if isinstance(value, str):
        found = _TEXT.fullmatch(value)
        if found is None or found[2] not in _SECONDS:
            raise InvalidOption(option, value, 'seconds, a timedelta or a text such as "90s", "6h" or "30 days"')
        value = float(found[1]) * _SECONDS[found[2]]
    return check_milliseconds(option, value)
