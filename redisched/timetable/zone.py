"""Time zones by name, from the database of the machine or of the package tzdata."""

from datetime import UTC, tzinfo
from difflib import get_close_matches
from typing import TYPE_CHECKING

from redisched.errors import InvalidOption

if TYPE_CHECKING:
    import zoneinfo
else:
    from redisched.lazy import LazyModule

    zoneinfo = LazyModule("zoneinfo")

UTC_NAME = "UTC"
_OF_THE_MACHINE = ("localtime", "posixrules")
_WITH_LEAP_SECONDS = "right/"
_LONGEST_NAME = 100
_NEAR = 3


def check_zone(option: str, value: object) -> str:
    """Check a time zone, given as its name or as a ZoneInfo, and return its name. Raises InvalidOption."""
    name = UTC_NAME if value is UTC else getattr(value, "key", value)
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidOption(option, value, 'the name of a time zone, such as "Europe/Berlin", or a ZoneInfo')
    name = str.__str__(name)
    if name in _OF_THE_MACHINE:
        raise InvalidOption(option, value, "the name of a time zone; this one is another on each machine")
    if name.startswith(_WITH_LEAP_SECONDS):
        plain = name.removeprefix(_WITH_LEAP_SECONDS)
        raise InvalidOption(option, value, f"a time zone without leap seconds, which Python does not count: {plain}")
    try:
        zone_of(name)
    except (KeyError, ValueError, OSError):
        raise InvalidOption(option, value, _what_is_known(name)) from None
    return name


def zone_of(name: str) -> tzinfo:
    """Return a time zone. UTC needs no database. Raises KeyError, ValueError or OSError for a zone unknown here."""
    return UTC if name == UTC_NAME else zoneinfo.ZoneInfo(name)


def zone_words(name: str) -> str:
    """Say a zone as people do: Berlin time."""
    place = name.rpartition("/")[2].replace("_", " ")
    return UTC_NAME if place == UTC_NAME else f"{place} time"


def _what_is_known(name: str) -> str:
    known = zoneinfo.available_timezones()
    if not known:
        return "no time zone is known on this machine, which has no tz database: pip install tzdata"
    by_ending = {zone.rpartition("/")[2].lower(): zone for zone in sorted(known, reverse=True)}
    by_name = {zone.lower(): zone for zone in known}
    sought = name.lower().replace(" ", "_")
    near = [
        candidates[match]
        for candidates in (by_name, by_ending)
        for match in get_close_matches(sought, candidates, n=_NEAR, cutoff=0.75)
    ]
    if not near:
        return 'no such time zone; they are named as "Europe/Berlin" is'
    return f"no such time zone; similar: {', '.join(list(dict.fromkeys(near))[:_NEAR])}"
