"""The forms of single values: numbers, texts, times, paths, enums, literals."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum, Flag
from pathlib import Path, PurePath
from types import NoneType
from typing import Any, get_args
from uuid import UUID

from redisched.conversion.form import Form, Mismatch, Unsupported, words_of

_ALSO_IS: dict[type, tuple[type, ...]] = {int: (int, bool), float: (float, int, bool)}
"""What else a type checker accepts for a type, and msgpack gives back as it was."""
_TEXTS: dict[type, Callable[[str], Any]] = {
    UUID: UUID,
    Decimal: Decimal,
    datetime: lambda text: _aware(datetime.fromisoformat(text)),
    date: date.fromisoformat,
}
"""Types that msgpack carries, but JSON does not, and how they are read from a text."""
_OF_SYSTEM = (type(Path()), type(PurePath()))
_SPAN = re.compile(r"(-?)([0-9]{1,14})(?:\.([0-9]{1,6}))?(ms|s|m|h|d)")
_MICROSECONDS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return moment


def leaf(kind: type) -> Form | None:
    """The form of a type that is carried as it is, or None for another type."""
    if kind in _TEXTS:
        return _readable(kind, _TEXTS[kind])
    if kind not in (NoneType, bool, int, float, str, bytes):
        return None
    accepted = _ALSO_IS.get(kind, (kind,))
    words = "None" if kind is NoneType else kind.__name__

    def checked(value: Any) -> Any:
        if type(value) not in accepted:
            raise Mismatch(words, value)
        return value

    return Form(words=words, encode=checked, decode=checked, travels_as=frozenset(accepted), is_plain=True)


def _readable(kind: type, read: Callable[[str], Any]) -> Form:
    def checked(value: Any) -> Any:
        if type(value) is not kind:
            raise Mismatch(kind.__name__, value)
        return value

    def decode(value: Any) -> Any:
        if type(value) is not str:
            return checked(value)
        try:
            return read(value)
        except (ValueError, InvalidOperation):
            raise Mismatch(kind.__name__, value) from None

    return Form(words=kind.__name__, encode=checked, decode=decode, travels_as=frozenset({kind}))


def time_span() -> Form:
    """A timedelta travels as a text such as "90s" or "0.25s", exact to the microsecond. Numbers are seconds."""

    def encode(value: Any) -> str:
        if type(value) is not timedelta:
            raise Mismatch("timedelta", value)
        total = value // timedelta(microseconds=1)
        seconds, rest = divmod(abs(total), 1_000_000)
        sign, part = "-" if total < 0 else "", f".{rest:06}".rstrip("0") if rest else ""
        return f"{sign}{seconds}{part}s"

    def decode(value: Any) -> timedelta:
        if type(value) is timedelta:
            return value
        try:
            return _read_span(value)
        except (ValueError, OverflowError):
            raise Mismatch("timedelta", value, 'write "90s", "1.5h" or the like, or a number of seconds') from None

    return Form(words="timedelta", encode=encode, decode=decode, travels_as=frozenset({str}))


def _read_span(value: object) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("no time span")
    sign, whole, part, unit = match.groups()
    part = part or ""
    # Whole numbers only: a float would lose microseconds of long spans.
    microseconds = int(whole + part) * _MICROSECONDS[unit] // 10 ** len(part)
    return timedelta(microseconds=-microseconds if sign else microseconds)


def path(kind: type[PurePath]) -> Form:
    """A path travels as its text."""

    def encode(value: Any) -> str:
        # The type of a Path() is that of the system's paths. One of another system would be read as one of this.
        if not isinstance(value, kind) or type(value) not in (kind, *_OF_SYSTEM):
            raise Mismatch(kind.__name__, value)
        return str(value)

    def decode(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if type(value) is not str:
            raise Mismatch(kind.__name__, value)
        return kind(value)

    return Form(words=kind.__name__, encode=encode, decode=decode, travels_as=frozenset({str}))


def enum(kind: type[Enum]) -> Form:
    """A member of an Enum travels as its value if all values are texts or all are whole numbers, else as its name. A
    name is understood in any case.
    """
    kinds = {_basic(member.value) for member in kind} or {int if issubclass(kind, Flag) else None}
    by_value = kinds in ({str}, {int})
    carried = kinds.pop() if by_value else str
    names = ", ".join(kind.__members__)

    def encode(value: Any) -> Any:
        if type(value) is not kind:
            raise Mismatch(kind.__qualname__, value)
        return value.value if by_value else value.name

    def decode(value: Any) -> Any:
        if type(value) is kind:
            return value
        try:
            if by_value and type(value) is carried:
                return kind(value)
            return kind[value]
        except (ValueError, KeyError, TypeError):
            known = kind.__members__.get(value) if type(value) is str else None
            if known is not None:
                return known
            raise Mismatch(kind.__qualname__, value, f"it has {names}") from None

    assert carried is not None
    return Form(words=kind.__qualname__, encode=encode, decode=decode, travels_as=frozenset({carried}))


def _basic(value: object) -> type | None:
    return type(value) if type(value) in (str, int) else None


def literal(annotation: Any) -> Form:
    """A Literal of texts, numbers and the like is carried as it is."""
    allowed = get_args(annotation)
    kinds = frozenset(map(type, allowed))
    if not kinds <= {NoneType, bool, int, str, bytes}:
        raise Unsupported(words_of(annotation), "members of an Enum can be annotated with the Enum")

    def checked(value: Any) -> Any:
        if not any(type(value) is type(one) and value == one for one in allowed):
            raise Mismatch(words_of(annotation), value)
        return value

    return Form(words=words_of(annotation), encode=checked, decode=checked, travels_as=kinds, is_plain=True)


def anything() -> Form:
    """What is not annotated, or is Any, is carried as it is, and msgpack refuses what it cannot carry."""
    return Form(words="Any", encode=_same, decode=_same, travels_as=None, is_plain=True)


def _same(value: Any) -> Any:
    return value
