"""A timetable of a cron expression in a time zone.

The expressions are those of Debian's cron, with seconds as an optional first field, and are read by the library
cronsim. redisched only lets it count local times; which moments these are is in `local_times.py`, for expressions
with seconds as for others.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from redisched.errors import InvalidOption
from redisched.model import LARGEST_RUN_AT_MS
from redisched.timetable.local_times import next_by_real_time, next_by_wall_clock
from redisched.timetable.zone import UTC_NAME, check_zone, zone_of, zone_words

if TYPE_CHECKING:
    import cronsim
else:
    from redisched.lazy import LazyModule

    cronsim = LazyModule("cronsim")

NICKNAMES = {
    "@YEARLY": "0 0 1 1 *",
    "@ANNUALLY": "0 0 1 1 *",
    "@MONTHLY": "0 0 1 * *",
    "@WEEKLY": "0 0 * * 0",
    "@DAILY": "0 0 * * *",
    "@MIDNIGHT": "0 0 * * *",
    "@HOURLY": "0 * * * *",
}
_FIELDS = {
    "second": "0 to 59",
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, L for the last day or LW for the last weekday of the month",
    "month": "1 to 12 or JAN to DEC",
    "day-of-week": "0 to 7 or SUN to SAT, where 0 and 7 are Sunday, 5L for the last Friday, 1#2 for the second Monday",
}
_STEP = re.compile(r"(?:\*|(?P<first>\d+)(?:-(?P<last>\d+))?)/(?P<step>\d+)")
_ORDINAL = re.compile(r"\b([2-9])([123])th\b")
_ENDINGS = {"1": "1st", "2": "2nd", "3": "3rd"}
_LONGEST = 500
_ALLOWED = (
    'five fields, minute, hour, day-of-month, month and day-of-week, such as "0 3 * * *", with seconds as a sixth '
    f"before them, or one of {', '.join(name.lower() for name in NICKNAMES)}"
)
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a local time


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """The moments at which an expression matches the local time of `tz`.

    If neither its minute nor its hour begins with `*`, it names times of the day and goes by the wall clock: each of
    these times comes once on its day. Otherwise it goes by real time. Raises InvalidOption.
    """

    expression: str
    tz: str = UTC_NAME

    def __post_init__(self) -> None:
        object.__setattr__(self, "expression", _check_expression(self.expression))
        object.__setattr__(self, "tz", check_zone("tz", self.tz))

    @classmethod
    def from_record(cls, expression: str, tz: str) -> Self:
        return cls(expression=expression, tz=tz)

    def as_record(self) -> list[str | int]:
        return ["cron", self.expression, self.tz]

    def next_after_ms(self, after_ms: int) -> int | None:
        if after_ms >= LARGEST_RUN_AT_MS:
            return None
        # Slots are whole seconds, so that one is after a moment if it is after the second that the moment is in.
        after = datetime.fromtimestamp(max(after_ms, -1) // 1_000, UTC)
        *_, minute, hour = self.expression.split()[:-3]
        rule = next_by_real_time if "*" in (minute[0], hour[0]) else next_by_wall_clock
        moment = rule(self._next_local, zone_of(self.tz), after)
        slot_ms = None if moment is None else int(moment.timestamp()) * 1_000
        return slot_ms if slot_ms is not None and slot_ms <= LARGEST_RUN_AT_MS else None

    def words(self) -> str:
        said: str = cronsim.CronSim(_without_idle_steps(self.expression), _EPOCH).explain()
        said = _ORDINAL.sub(lambda found: f"{found[1]}{_ENDINGS[found[2]]}", said)
        return f"{said[0].lower()}{said[1:]}, {zone_words(self.tz)}"

    def _next_local(self, local: datetime) -> datetime | None:
        return next(cronsim.CronSim(self.expression, local), None)


def _check_expression(given: object) -> str:
    if not isinstance(given, str) or not given.isascii() or len(given) > _LONGEST:
        raise InvalidOption("cron", given, _ALLOWED)
    expression = " ".join(given.upper().split())
    if expression == "@REBOOT":
        raise InvalidOption("cron", given, "not supported: a fleet of workers has no moment at which it is started")
    expression = NICKNAMES.get(expression, expression)
    fields = expression.split()
    if len(fields) not in (5, 6):
        raise InvalidOption("cron", given, _ALLOWED)
    for name, field in zip(list(_FIELDS)[-len(fields) :], fields, strict=True):
        if not _is_readable(name, field):
            allowed = f"{_FIELDS[name]}, ranges such as 1-5, lists such as 1,3 and steps such as */2"
            raise InvalidOption("cron", given, f"its {name} is {field!r}; allowed are {allowed}")
    if not _ever_comes(expression):
        raise InvalidOption("cron", given, "a time that comes at least once in 50 years; this one never does")
    return expression


def _without_idle_steps(expression: str) -> str:
    """The same times, written without steps that lead beyond the field: */90 in the minute is 0, and not every 90."""
    *seconds, minute, hour, day, month, weekday = expression.split()
    seconds = [_STEP.sub(lambda found: _first_of(found, 0, 59), field) for field in seconds]
    minute = _STEP.sub(lambda found: _first_of(found, 0, 59), minute)
    hour = _STEP.sub(lambda found: _first_of(found, 0, 23), hour)
    month = _STEP.sub(lambda found: _first_of(found, 1, 12), month)
    return " ".join([*seconds, minute, hour, day, month, weekday])


def _first_of(found: re.Match[str], least: int, most: int) -> str:
    first = int(found["first"] or least)
    last = int(found["last"] or most)
    return found[0] if first + int(found["step"]) <= last else str(first)


def _is_readable(name: str, field: str) -> bool:
    """Whether a field can be read, alone, so that no other can be at fault."""
    fields = {**dict.fromkeys(_FIELDS, "*"), name: field}
    try:
        cronsim.CronSim(" ".join(fields.values()), _EPOCH)
    except (cronsim.CronSimError, ValueError):
        return False
    return True


def _ever_comes(expression: str) -> bool:
    try:
        return next(cronsim.CronSim(expression, _EPOCH), None) is not None
    except cronsim.CronSimError:
        return False
