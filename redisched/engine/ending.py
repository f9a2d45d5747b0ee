"""Limits how long the end of a Python process may take."""

import os
import threading
import time


def end_within(seconds: float, exit_code: int) -> None:
    """End this process after so many seconds, even if threads, exit handlers or coroutines still run."""
    threading.Thread(target=_end_later, args=(seconds, exit_code), name="redisched-end", daemon=True).start()


def _end_later(seconds: float, exit_code: int) -> None:
    time.sleep(seconds)
    os._exit(exit_code)
