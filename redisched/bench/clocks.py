"""Compares two clocks: the start of a handler is measured by this machine's clock, its due time by the server's."""

import time

from redisched.bench.workbench import Workbench
from redisched.clock import ServerClock

_LOOKS = 50


def server_ahead_s(workbench: Workbench) -> float:
    """How many seconds the server's time of day is ahead of this machine's.

    Exactly 0.0 as long as the replies allow that both have the same clock; else an estimate, true to half a round trip.
    """
    clock = ServerClock()
    for _ in range(_LOOKS):
        sent_s = time.time()
        server_us = workbench.server_us()
        clock.observe(sent_s, time.time(), server_us)
    lowest_s, highest_s = clock.lowest_s or 0.0, clock.highest_s
    return 0.0 if lowest_s <= 0.0 <= highest_s else (lowest_s + highest_s) / 2
