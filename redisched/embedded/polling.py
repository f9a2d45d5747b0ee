"""Waits for a condition that another process brings about.

The kernel does not notify a process when another one takes a lock or answers on a socket. So the waits for this, all
at the start or the end of a server, check the condition every 10 ms until a deadline.
"""

import time
from collections.abc import Callable

_INTERVAL_S = 0.01


def poll_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Return True as soon as `condition` holds, or False if it does not hold within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_INTERVAL_S)
    return True
