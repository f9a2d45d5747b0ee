"""A server's time that stands still until it is moved.

The clock of a real server cannot be moved, so the scripts read a key instead of TIME. That they read TIME correctly is
tested apart, in tests/lua/test_time.py.
"""

from collections.abc import Callable, Iterable

from redisched.store.broker import Broker

NOW_MS = 1_800_000_000_000
"""When every test with a movable time begins: in January 2027."""

_KEY = "server_us"
_TAGS = ("{mail}", "{billing}", "{idle}", "{/workers}")
"""A key of the time for each queue of these tests, and for the workers: a script on a cluster reads no other slot."""

_REAL = """\
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
"""
_MOVABLE = f"  return tonumber(redis.call('GET', '{_KEY}' .. string.match(KEYS[1], '{{.-}}')))\n"


def read_movable_time(name: str, source: str) -> str:
    """A rewrite of scripts: take the time from the key."""
    assert source.count(_REAL) <= 1
    return source.replace(_REAL, _MOVABLE)


def read_shifted_time(shift_ms: int) -> Callable[[str, str], str]:
    """A rewrite of scripts: a server's own time, moved by so many milliseconds."""
    shifted = _REAL.replace("tonumber(time[2])", f"tonumber(time[2]) + ({shift_ms * 1000})")

    def rewrite(name: str, source: str) -> str:
        assert source.count(_REAL) <= 1
        return source.replace(_REAL, shifted)

    return rewrite


class ServerTime:
    """The time on the server of one broker, whose scripts must have been rewritten by `read_movable_time`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._now_us = 0
        self.move_to(NOW_MS)

    @property
    def now_ms(self) -> int:
        """The time now, in milliseconds."""
        return self._now_us // 1000

    @property
    def now_us(self) -> int:
        """The time now, in microseconds."""
        return self._now_us

    def move_to(self, now_ms: int) -> None:
        """Set the time, to a later or an earlier one."""
        self.move_to_us(now_ms * 1000)

    def move_to_us(self, now_us: int) -> None:
        """As `move_to`, to the microsecond."""
        self._now_us = now_us
        self._broker.client().perform_all(("SET", _KEY + tag, self._now_us) for tag in _TAGS)

    def show_in(self, keys: Iterable[str]) -> None:
        """Set the time for scripts whose first key is one of these, too: each slot of a cluster has its own time."""
        tags = {key[key.index("{") : key.index("}") + 1] for key in keys}
        self._broker.client().perform_all(("SET", _KEY + tag, self._now_us) for tag in sorted(tags))

    def advance(self, ms: int) -> None:
        """Move the time forward by so much."""
        self.move_to(self.now_ms + ms)
