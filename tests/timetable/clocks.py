"""What local times are in a zone, found by trying every moment near them: slow, and independent of the library."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Santiago")
_MINUTE = timedelta(minutes=1)


def in_ms(text: str) -> int:
    """Milliseconds since 1970 of a text such as 2026-03-29T01:00Z."""
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def changes(zone: str, first: date, days: int) -> Iterator[datetime]:
    """The midnights, in UTC, of days on which a zone's offset changes."""
    tz = ZoneInfo(zone)
    for day in range(days):
        midnight = datetime.combine(first + timedelta(days=day), time(), UTC)
        if midnight.astimezone(tz).utcoffset() != (midnight + timedelta(days=1)).astimezone(tz).utcoffset():
            yield midnight


def moment_of(local: datetime, zone: str) -> datetime:
    """The first moment at which the clocks of a zone show this local time, or else the first at which they show a
    later one, after they have skipped it.
    """
    tz = ZoneInfo(zone)
    offsets = {(local.replace(tzinfo=UTC) + timedelta(days=day)).astimezone(tz).utcoffset() for day in (-1, 1)}
    candidates = sorted(local.replace(tzinfo=UTC) - offset for offset in offsets if offset is not None)
    for candidate in candidates:
        if candidate.astimezone(tz).replace(tzinfo=None) == local:
            return candidate
    moment = candidates[0] - timedelta(hours=3)
    while moment.astimezone(tz).replace(tzinfo=None) < local:
        moment += _MINUTE
    return moment


def daily(zone: str, at: time, first: date, days: int) -> list[int]:
    """The moments in ms of a time of the day, once for each date."""
    dates = (first + timedelta(days=day) for day in range(days))
    return [int(moment_of(datetime.combine(one, at), zone).timestamp() * 1_000) for one in dates]


def by_minute(zone: str, matches: Callable[[datetime], bool], began: datetime, until: datetime) -> list[int]:
    """The moments in ms, every minute tried, at which the local time matches."""
    tz = ZoneInfo(zone)
    found = []
    while began <= until:
        if matches(began.astimezone(tz)):
            found.append(int(began.timestamp() * 1_000))
        began += _MINUTE
    return found
