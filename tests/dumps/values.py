"""Arguments and results of every type that redisched carries."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

_ALMOST_EVERYWHERE = timezone(timedelta(hours=5, minutes=45))
_DAY = date(2026, 3, 29)


class Call(NamedTuple):
    """What a handler is called with."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = {}


def value(number: int) -> Any:
    """A value that depends on a number, of one type after the other."""
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC) + timedelta(seconds=number)
    values: tuple[Any, ...] = (
        None,
        number % 3 == 0,
        number,
        -number * 2**40,
        number / 7,
        f"Größe {number}, naïve 日本 🙂",
        b"\x00\xff" + number.to_bytes(3, "big"),
        [number, [str(number)], []],
        (number, ("inner", number + 0.5)),
        {"order": number, "lines": [1, 2], "": None},
        {b"\x00": number, b"key": {"deep": [True, (1,)]}},
        moment,
        moment.astimezone(_ALMOST_EVERYWHERE),
        _DAY + timedelta(days=number % 365),
        Decimal(number) / 8,
        UUID(int=0x0123_4567_89AB_4DEF_8123_0000_0000_0000 + number),
        {number, "text", (1, 2)},
        frozenset({number, None, b"bytes"}),
    )
    return values[number % len(values)]


def call(number: int) -> Call:
    """A call that depends on a number: with one argument, several, none, and with keywords."""
    if number % 4 == 0:
        return Call((value(number // 4),))
    if number % 4 == 1:
        return Call((number, value(number // 4)), {"note": value(number // 5)})
    if number % 4 == 2:
        return Call((), {"order": number, "extra": value(number // 3)})
    return Call((number,) if number % 8 == 3 else ())
