"""How often a task was tried, as it is stored."""

import re
from typing import NamedTuple


class Tries(NamedTuple):
    """How often a task was attempted, crashed its worker, and was redelivered."""

    attempts: int
    crashes: int
    redeliveries: int


_TRIES = re.compile(rb"(\d{1,9}) (\d{1,9}) (\d{1,9}) \d+")
UNTRIED = Tries(0, 0, 0)


def tries_of(stored: bytes) -> Tries:
    """Parse `attempts crashes redeliveries token`; UNTRIED if it is empty or was not written by redisched."""
    found = _TRIES.fullmatch(stored) if stored else None
    return Tries(*map(int, found.groups())) if found else UNTRIED
