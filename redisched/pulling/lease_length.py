"""How long a lease of a program may be."""

from datetime import timedelta

from redisched.errors import InvalidOption
from redisched.option_checks import check_milliseconds

_SHORTEST_MS = 500
_LONGEST_MS = 86_400_000


def check_lease_ms(option: str, value: float | timedelta) -> int:
    """Convert the length of a lease to milliseconds. Raises InvalidOption, also for one that ends before it can be
    renewed.
    """
    lease_ms = check_milliseconds(option, value)
    if not _SHORTEST_MS <= lease_ms <= _LONGEST_MS:
        allowed = "seconds or a timedelta, from 0.5 s, so that it can be renewed in time, to a day"
        raise InvalidOption(option, value, allowed)
    return lease_ms
