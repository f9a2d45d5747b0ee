"""The clocks of a measurement: when a handler started is told by its own machine, when it was due by the server's."""

import time

from redisched.bench.workbench import Workbench
from redisched.clock import ServerClock

_LOOKS = 50


def server_ahead_s(workbench: Workbench) -> float:
    """How far the server's time of day is ahead of this machine's.

    0.0, and exact, unless the replies rule out that both are one clock; else true to half a round trip.
    """
    clock = ServerClock()
    for _ in range(_LOOKS):
        sent_s = time.time()
        server_us = workbench.server_us()
        clock.observe(sent_s, time.time(), server_us)
    lowest_s, highest_s = clock.lowest_s or 0.0, clock.highest_s
    return 0.0 if lowest_s <= 0.0 <= highest_s else (lowest_s + highest_s) / 2
