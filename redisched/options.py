"""The options of a task and of a handler, checked in sentences where they are given."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from redisched.config import Durability
from redisched.errors import InvalidOption
from redisched.model import LARGEST_RUN_AT_MS, LOWEST_PRIORITY, Isolation

_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_ID = 200
_ID = re.compile(rf"[!-~]{{1,{_LONGEST_ID}}}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:<>-]{0,199}")
_NAME_ALLOWED = "1 to 200 letters, digits or any of . : _ < > -, beginning with a letter, a digit or _"
_LARGEST_ATTEMPTS = 1_000_000
_BEYOND_ALL_TIMES_S = 2**53


class CommonOptionFields(TypedDict, total=False):
    """Options of a handler and of a call. Durations in seconds or as timedelta; lower priorities run first."""

    queue: str
    priority: int
    max_attempts: int
    timeout: float | timedelta | None
    retention: float | timedelta
    durable: Durability | Literal["none", "local", "replica"]


class HandlerOptionFields(CommonOptionFields, total=False):
    """Options given to `@app.task(...)`: `isolation` says where the handler runs."""

    isolation: Isolation | Literal["none", "process"]


class TaskOptionFields(CommonOptionFields, total=False):
    """Options of one call: those it shares with its handler, and when and under which id it runs."""

    delay: float | timedelta
    run_at: datetime | float
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """Checked options; None where nothing was said. `when` is what the store understands: +delay or @time, in ms.
    A `timeout_ms` of 0 is none.
    """

    queue: str | None = None
    priority: int | None = None
    max_attempts: int | None = None
    timeout_ms: int | None = None
    retention_ms: int | None = None
    durable: Durability | None = None
    when: str | None = None
    id: str | None = None


IMMEDIATELY = "+0"
NO_TIMEOUT = 0
"""Of a call: whatever its handler's timeout, it has none."""
NO_OPTIONS = TaskOptions()


def check_options(fields: dict[str, Any]) -> TaskOptions:
    """Turn given options into checked ones.

    Raises InvalidOption, naming the option and what is allowed.
    """
    unknown = fields.keys() - _CHECKS.keys()
    if unknown:
        name = min(unknown)
        raise InvalidOption(name, fields[name], f"no such option; there are {', '.join(sorted(_CHECKS))}")
    if fields.get("delay") is not None and fields.get("run_at") is not None:
        raise InvalidOption("run_at", fields["run_at"], "give either delay or run_at, not both")
    checked: dict[str, Any] = {}
    for option, value in fields.items():
        field, check = _CHECKS[option]
        if value is not None:
            checked[field] = check(option, value)
        elif option in _NONE_MEANS:
            checked[field] = _NONE_MEANS[option]
        elif option not in _NONE_IS_AS_LEFT_OUT:
            raise InvalidOption(option, value, f"None is no value for it; leave {option} out for the default")
    return TaskOptions(**checked)


def check_queue(option: str, value: object) -> str:
    """A queue's name: it stands inside a hash tag, so nothing that could break one."""
    return _matching(
        option, value, _QUEUE, "1 to 100 letters, digits, '.', '_' or '-', starting with a letter or digit"
    )


def is_id(text: str) -> bool:
    """Whether a producer of redisched's can have given this id."""
    # Most are letters and digits, for which this asks in a fraction of the time.
    return (text.isalnum() and text.isascii() and len(text) <= _LONGEST_ID) or _ID.fullmatch(text) is not None


def check_id(option: str, value: object) -> str:
    """A task's id: printable, so that it can be shown and typed anywhere."""
    return _matching(option, value, _ID, "1 to 200 printable ASCII characters without spaces")


def check_name(option: str, value: object) -> str:
    """A handler's name."""
    return _matching(
        option, value, _NAME, "1 to 200 letters, digits or any of . : _ < > -, beginning with a letter, a digit or _"
    )


def check_isolation(option: str, value: object) -> Isolation:
    """Where a handler runs: a member of Isolation, or its text."""
    if not isinstance(value, str) or value not in tuple(Isolation):
        raise InvalidOption(option, value, f"one of {', '.join(Isolation)}")
    return Isolation(value)


def _check_durable(option: str, value: object) -> Durability:
    if not isinstance(value, str) or value not in tuple(Durability):
        raise InvalidOption(option, value, f"one of {', '.join(Durability)}")
    return Durability(value)


def check_whole(option: str, value: object, lowest: int, highest: int) -> int:
    """A whole number within bounds; True and 1.0 are not whole numbers."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise InvalidOption(option, value, f"a whole number from {lowest} to {highest}")
    return int(value)


def check_milliseconds(option: str, value: object) -> int:
    """A duration of at least 0, given in seconds or as a timedelta, in whole milliseconds."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else _finite(option, value)
    if not 0 <= seconds * 1000 <= LARGEST_RUN_AT_MS:
        raise InvalidOption(option, value, "seconds or a timedelta, at least 0 and not beyond the year 2109")
    return round(seconds * 1000)


def _check_priority(option: str, value: object) -> int:
    return check_whole(option, value, 0, LOWEST_PRIORITY)


def _check_attempts(option: str, value: object) -> int:
    return check_whole(option, value, 1, _LARGEST_ATTEMPTS)


def _check_timeout(option: str, value: object) -> int:
    timeout_ms = check_milliseconds(option, value)
    if timeout_ms == 0:
        raise InvalidOption(option, value, "seconds or a timedelta, at least 0.001; None for no limit")
    return timeout_ms


def _check_delay(option: str, value: object) -> str:
    return f"+{check_milliseconds(option, value)}"


def _check_run_at(option: str, value: object) -> str:
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


def _finite(option: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidOption(option, value, "a number of seconds")
    if not -_BEYOND_ALL_TIMES_S < value < _BEYOND_ALL_TIMES_S:
        raise InvalidOption(option, value, "a finite number of seconds, not beyond the year 2109")
    return float(value)


def _matching(option: str, value: object, pattern: re.Pattern[str], allowed: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise InvalidOption(option, value, allowed)
    return value


_CHECKS = {
    "queue": ("queue", check_queue),
    "priority": ("priority", _check_priority),
    "max_attempts": ("max_attempts", _check_attempts),
    "timeout": ("timeout_ms", _check_timeout),
    "retention": ("retention_ms", check_milliseconds),
    "durable": ("durable", _check_durable),
    "delay": ("when", _check_delay),
    "run_at": ("when", _check_run_at),
    "id": ("id", check_id),
}
_NONE_MEANS = {"timeout": NO_TIMEOUT}
"""Options that say something by None."""
_NONE_IS_AS_LEFT_OUT = {"queue", "priority", "delay", "run_at", "id"}
"""Options for which None cannot be taken for anything else; what it would say of the others is anybody's guess."""
