"""Lets a process end as Python programs do, but not for longer than it may take."""

import os
import threading
import time


def end_within(seconds: float, exit_code: int) -> None:
    """End this process after a time, whatever keeps it: threads of handlers, callbacks for its end, coroutines."""
    threading.Thread(target=_end_later, args=(seconds, exit_code), name="redisched-end", daemon=True).start()


def _end_later(seconds: float, exit_code: int) -> None:
    time.sleep(seconds)
    os._exit(exit_code)
