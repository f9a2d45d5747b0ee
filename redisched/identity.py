"""Ids of tasks: 20 characters that sort by the moment at which they were made.

Tasks of the same priority and millisecond run in the order of their ids. So within a process each id must be greater
than the one before, even if the clock is set back. An id has 45 bits of milliseconds since 1970, 20 bits of a sequence
number and 35 random bits that differ between processes, written in Crockford's base 32 in lower case, which sorts like
ASCII.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable

from redisched.placement import PLACEMENT_DIGITS

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_SEQUENCE_BITS = 20
_LARGEST_SEQUENCE = (1 << _SEQUENCE_BITS) - 1
_RANDOM_BITS = 35
_LENGTH = 20
_MOMENT_LENGTH = 9
_LENGTH_WITH_PLACEMENT = _LENGTH + 1 + PLACEMENT_DIGITS


class IdentitySource:
    """Makes the ids of one process. Safe to share between threads."""

    def __init__(self, now_ms: Callable[[], int], random_bits: Callable[[int], int]) -> None:
        self._now_ms = now_ms
        self._random_bits = random_bits
        self._last: int = -1
        self._prefix: tuple[int, str] = (-1, "")
        self.reseed()

    def reseed(self) -> None:
        """Draw new random bits. A forked child must do this, because its parent goes on with the old ones."""
        # Reentrant, because a signal handler may ask for an id while it interrupts a thread that holds the lock.
        self._lock = threading.RLock()
        self._suffix = _characters(self._random_bits(_RANDOM_BITS), 7)

    def next_id(self) -> str:
        """An id that is greater than every one before it."""
        with self._lock:
            following = self._now_ms() << _SEQUENCE_BITS
            # No signal handler can run between reading and writing the last one: Python runs them only at function
            # calls and loop ends.
            if following <= self._last:
                following = self._last + 1
            self._last = following
        moment_ms, sequence = following >> _SEQUENCE_BITS, following & _LARGEST_SEQUENCE
        prefix_ms, prefix = self._prefix
        if prefix_ms != moment_ms:
            prefix = _characters(moment_ms, _MOMENT_LENGTH)
            self._prefix = (moment_ms, prefix)
        return prefix + _PAIRS[sequence >> 10] + _PAIRS[sequence & 1023] + self._suffix


def is_given(task_id: str) -> bool:
    """Whether redisched made this id, and not a caller. Its form shows it, and the moment that it begins with, which
    must be from 2026 to 2039. Hexadecimal digests of callers begin with other characters. An id of a later moment
    counts as chosen by a caller. A placement after it changes nothing.
    """
    if len(task_id) == _LENGTH:
        return _FIRST <= task_id < _END and task_id.isalnum()
    return len(task_id) == _LENGTH_WITH_PLACEMENT and task_id[_LENGTH] == "~" and is_given(task_id[:_LENGTH])


def made_ms(task_id: str) -> int:
    """When redisched made this id, by the clock of the producer, in milliseconds since 1970. Ask only for one of which
    `is_given` is true.
    """
    moment_ms = 0
    for character in task_id[:_MOMENT_LENGTH]:
        moment_ms = moment_ms << 5 | _ALPHABET.index(character)
    return moment_ms


def _characters(number: int, count: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))


_FIRST = _characters(1_767_225_600_000, _MOMENT_LENGTH)
_END = "2"


def _system_ms() -> int:
    return time.time_ns() // 1_000_000


_source = IdentitySource(_system_ms, secrets.randbits)
os.register_at_fork(after_in_child=_source.reseed)
next_id = _source.next_id
