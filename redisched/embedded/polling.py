"""Waiting for a condition of other processes.

The kernel offers no signal for "that process holds its lock" or "that socket answers", so these few waits, all of them
at the start or the end of a server, look again every few milliseconds until a deadline.
"""

import time
from collections.abc import Callable

_INTERVAL_S = 0.01


def poll_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Return True as soon as `condition` holds, or False when it still does not after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_INTERVAL_S)
    return True
