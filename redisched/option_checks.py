"""Checks of single options of a task, a handler or a worker.

Each check returns the value in the format that the store uses, or raises InvalidOption, which says what is allowed.
"""

import re
import string
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from redisched.config import Durability
from redisched.errors import InvalidOption
from redisched.model import (
    LARGEST_RUN_AT_MS,
    LOWEST_PRIORITY,
    UNTIL_DONE,
    UNTIL_STARTED,
    Delivery,
    Isolation,
    Keep,
    OnDuplicate,
    UniqueBy,
)

M = TypeVar("M", bound=StrEnum)

_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_ID = 200
_ID = re.compile(rf"[!-~]{{1,{_LONGEST_ID}}}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:<>-]{0,199}")
_NAME_ALLOWED = "1 to 200 letters, digits or any of . : _ < > -, beginning with a letter, a digit or _"
_SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_TEMPLATE = 1_000
_LARGEST_ATTEMPTS = 1_000_000
_BEYOND_ALL_TIMES_S = 2**53
LARGEST_TOTAL = 2**53
"""The largest total of a progress: a float tells all whole numbers up to it apart."""


def check_queue(option: str, value: object) -> str:
    """Check the name of a queue. It becomes part of a hash tag, so braces are not allowed."""
    return _matching(
        option, value, _QUEUE, "1 to 100 letters, digits, '.', '_' or '-', starting with a letter or digit"
    )


def is_id(text: str) -> bool:
    """Whether redisched accepts this id for a new task."""
    # Most ids are letters and digits, and these checks are much faster than the regular expression.
    return (text.isalnum() and text.isascii() and len(text) <= _LONGEST_ID) or _ID.fullmatch(text) is not None


def check_id(option: str, value: object) -> str:
    """Check the id of a task: printable ASCII, so that it can be shown and typed anywhere."""
    return _matching(option, value, _ID, "1 to 200 printable ASCII characters without spaces")


def check_name(option: str, value: object) -> str:
    """Check the name of a handler."""
    return _matching(option, value, _NAME, _NAME_ALLOWED)


def check_isolation(option: str, value: object) -> Isolation:
    """Check where a handler runs: a member of Isolation, or its text."""
    return _member(option, value, Isolation)


def check_delivery(option: str, value: object) -> Delivery:
    """Check how often a handler may start: a member of Delivery, or its text."""
    return _member(option, value, Delivery)


def check_durable(option: str, value: object) -> Durability:
    """Check how safe a task is before its enqueue returns: a member of Durability, or its text."""
    return _member(option, value, Durability)


def check_keep(option: str, value: object) -> Keep:
    """Check what is kept of a task that has ended: a member of Keep, or its text."""
    return _member(option, value, Keep)


def check_whole(option: str, value: object, lowest: int, highest: int) -> int:
    """Check an int from `lowest` to `highest`; True and 1.0 are refused."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise InvalidOption(option, value, f"a whole number from {lowest} to {highest}")
    return int(value)


def check_milliseconds(option: str, value: object) -> int:
    """Convert a duration of at least 0, in seconds or as a timedelta, to whole milliseconds."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else _finite(option, value)
    if not 0 <= seconds * 1000 <= LARGEST_RUN_AT_MS:
        raise InvalidOption(option, value, "seconds or a timedelta, at least 0 and not beyond the year 2109")
    return round(seconds * 1000)


def check_priority(option: str, value: object) -> int:
    """Check a priority; lower ones run first."""
    return check_whole(option, value, 0, LOWEST_PRIORITY)


def check_attempts(option: str, value: object) -> int:
    """Check the largest number of attempts."""
    return check_whole(option, value, 1, _LARGEST_ATTEMPTS)


def check_timeout(option: str, value: object) -> int:
    """Convert the time that a handler may run to whole milliseconds, at least 1."""
    timeout_ms = check_milliseconds(option, value)
    if timeout_ms == 0:
        raise InvalidOption(option, value, "seconds or a timedelta, at least 0.001; None for no limit")
    return timeout_ms


def check_progress(done: Any, total: Any, note: object) -> None:
    """Raises InvalidOption for numbers that are no progress, and for a note that is no text."""
    if not _is_number(total) or not 0 < total <= LARGEST_TOTAL:
        raise InvalidOption("total", total, "a number above 0, at most 2**53")
    if not _is_number(done) or not 0 <= done <= total:
        raise InvalidOption("done", done, f"a number from 0 to {total}, which is the total")
    if not isinstance(note, str):
        raise InvalidOption("note", note, "a text")


def check_log_text(text: object) -> None:
    """Raises InvalidOption for a value that is no text."""
    if not isinstance(text, str):
        raise InvalidOption("text", text, "a text, such as f-strings make of any value")


def check_delay(option: str, value: object) -> str:
    """Convert a delay after the enqueue to +delay, in milliseconds."""
    return f"+{check_milliseconds(option, value)}"


def check_run_at(option: str, value: object) -> str:
    """Convert an aware datetime, or seconds since 1970, to @time in milliseconds."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidOption(
                option, value, "an aware datetime, such as datetime.now(timezone.utc), or epoch seconds"
            )
        seconds = value.timestamp()
    else:
        seconds = _finite(option, value)
    if not 0 <= seconds * 1000 <= LARGEST_RUN_AT_MS:
        raise InvalidOption(option, value, "a moment between 1970 and the year 2109")
    return f"@{round(seconds * 1000)}"


def check_span(option: str, value: object) -> int:
    """Convert a duration, also one written as "90s" or "6h", to whole milliseconds, at least 1."""
    allowed = 'seconds, a timedelta or a text such as "90s", "30m", "6h" or "2d", at least 0.001 s'
    if isinstance(value, str):
        found = _SPAN.fullmatch(value)
        if found is None:
            raise InvalidOption(option, value, allowed)
        value = float(found[1]) * _SECONDS[found[2]]
    span_ms = check_milliseconds(option, value)
    if span_ms == 0:
        raise InvalidOption(option, value, allowed)
    return span_ms


def check_expires(option: str, value: object) -> str:
    """Convert the time until which a task may start to +delay after its enqueue, or to @time, in milliseconds."""
    return _until(option, value)


def check_deadline(option: str, value: object) -> str:
    """Convert the time until which other attempts may begin to +delay from the enqueue, or to @time, in ms."""
    return _until(option, value)


def _until(option: str, value: object) -> str:
    if isinstance(value, datetime):
        return check_run_at(option, value)
    if not isinstance(value, int | float | timedelta) or isinstance(value, bool):
        raise InvalidOption(option, value, "seconds or a timedelta from the enqueue on, or an aware datetime")
    after_ms = check_milliseconds(option, value)
    if after_ms == 0:
        raise InvalidOption(option, value, "seconds or a timedelta, at least 0.001; None for no limit")
    return f"+{after_ms}"


def check_unique(option: str, value: object) -> UniqueBy:
    """Check what the unique key of a task is made of; which arguments a template may name is checked elsewhere."""
    allowed = 'True for the arguments, a text such as "order:{order_id}", or a function of the arguments'
    if isinstance(value, bool) or callable(value):
        return value
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_TEMPLATE and _is_utf8(value):
        names_in_template(value)
        return str.__str__(value)
    raise InvalidOption(option, value, allowed)


def names_in_template(template: str) -> list[str]:
    """The names in the braces of a template. Raises InvalidOption for anything else in braces."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise InvalidOption("unique", template, f"a text with names of arguments in braces; {error}") from None
    for _, name, spec, conversion in parts:
        if name is not None and not (name.isidentifier() and not spec and not conversion):
            raise InvalidOption("unique", template, "names of arguments in braces, and nothing but names")
    return [name for _, name, _, _ in parts if name is not None]


def check_unique_for(option: str, value: object) -> str:
    """Check for how long a unique key is held, and convert it to the format of the store."""
    scopes = {"until_started": UNTIL_STARTED, "until_done": UNTIL_DONE}
    if isinstance(value, str) and value in scopes:
        return scopes[value]
    if isinstance(value, int | float | timedelta) and not isinstance(value, bool):
        held_ms = check_milliseconds(option, value)
        if held_ms > 0:
            return f"+{held_ms}"
    raise InvalidOption(option, value, '"until_started", "until_done", or seconds or a timedelta of at least 0.001')


def check_on_duplicate(option: str, value: object) -> OnDuplicate:
    """Check what an enqueue does whose unique key is held: a member of OnDuplicate, or its text."""
    return _member(option, value, OnDuplicate)


def check_debounce_max(option: str, value: object) -> int:
    """Convert the time by which repeated calls may move a task at most to whole milliseconds, at least 1."""
    most_ms = check_milliseconds(option, value)
    if most_ms == 0:
        raise InvalidOption(option, value, "seconds or a timedelta, at least 0.001; leave it out for no limit")
    return most_ms


def _member(option: str, value: object, kind: type[M]) -> M:
    if not isinstance(value, str) or value not in tuple(kind):
        raise InvalidOption(option, value, f"one of {', '.join(kind)}")
    return kind(value)


def _finite(option: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidOption(option, value, "a number of seconds")
    if not -_BEYOND_ALL_TIMES_S < value < _BEYOND_ALL_TIMES_S:
        raise InvalidOption(option, value, "a finite number of seconds, not beyond the year 2109")
    return float(value)


def _matching(option: str, value: object, pattern: re.Pattern[str], allowed: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise InvalidOption(option, value, allowed)
    # A plain text also for a member of an enum, whose format may be its name.
    return str.__str__(value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def check_headers(name: str, value: object) -> dict[str, str]:
    """The headers of a task, as plain texts also where they are members of an enum. Raises InvalidOption."""
    if not isinstance(value, dict) or not all(
        isinstance(text, str) and _is_utf8(text) for pair in value.items() for text in pair
    ):
        raise InvalidOption(name, value, "a dictionary of texts by texts, which UTF-8 can encode")
    return {str.__str__(key): str.__str__(text) for key, text in value.items()}
