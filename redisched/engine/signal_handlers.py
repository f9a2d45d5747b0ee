"""Puts back the signal handlers of a worker process: its async handlers run in the main thread and may set others."""

import signal
import threading

# That of `signal` turns every answer into an enum, which takes microseconds.
from _signal import getsignal  # type: ignore[import-not-found]

_STEERING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
"""What a process is stopped and asked by. To look at all signals after every handler would cost microseconds."""


class SignalHandlers:
    """The handlers as they are when this is made. Outside of the main thread nobody can set any."""

    def __init__(self) -> None:
        in_main_thread = threading.current_thread() is threading.main_thread()
        self._handlers = [(number, getsignal(number)) for number in _STEERING if in_main_thread]

    def restore(self) -> None:
        """Set those again that have been replaced."""
        for number, handler in self._handlers:
            if getsignal(number) is not handler:
                signal.signal(number, handler)
