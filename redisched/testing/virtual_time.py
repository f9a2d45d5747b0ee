"""Time that stands still until it is moved, for a worker and for the scripts on its server alike.

The clock of a server cannot be moved. So the scripts of a test read a key in place of TIME, and are otherwise those of
production.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from redisched.clock import ServerClock
from redisched.store.operation import ScriptRunner
from redisched.store.scripts import Script, load_variant

KEY = "redisched:testing:now_us"
_TIME = f"""
local function server_us()
  return tonumber(redis.call('GET', '{KEY}'))
end
"""
_ROUNDING_S = 5e-7
"""Added to the estimate of the server's time, so that it is not a millisecond early by the rounding of floats."""


class VirtualTime:
    """The time of one test, in whole microseconds since 1970. `show` tells the server each new time."""

    def __init__(self, start_us: int, show: Callable[[int], None]) -> None:
        self._start_us = start_us
        self._show = show
        self.now_us = start_us
        show(start_us)

    @property
    def now_ms(self) -> int:
        return self.now_us // 1_000

    def now(self) -> datetime:
        """The time as an aware datetime."""
        return datetime.fromtimestamp(self.now_us / 1e6, UTC)

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return (self.now_us - self._start_us) / 1e6

    def move_to_us(self, now_us: int) -> None:
        """Move to a later time; an earlier one changes nothing."""
        if now_us > self.now_us:
            self.now_us = now_us
            self._show(now_us)

    def server_clock(self) -> ServerClock:
        """What a worker knows of the server's time: it is exactly this one."""
        ahead_s = self._start_us / 1e6 + _ROUNDING_S
        return ServerClock(lowest_s=ahead_s, highest_s=ahead_s)


class VirtualTimeScripts(ScriptRunner):
    """Calls the scripts of production in virtual time."""

    def script(self, name: str) -> Script:
        return _load(name)


@cache
def _load(name: str) -> Script:
    return load_variant(name, {"time": _TIME})
