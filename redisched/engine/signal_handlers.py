"""Signal handlers of a worker process: those that do nothing, and those that are put back.

Its async handlers run in the main thread and may set others.
"""

import signal
import threading

# That of `signal` turns every answer into an enum, which takes microseconds.
from _signal import getsignal  # type: ignore[import-not-found]
from types import FrameType

_STEERING = tuple(map(int, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)))
"""What a process is stopped and asked by. To look at all signals after every handler would cost microseconds."""


def take_no_notice(*numbers: int) -> None:
    """From now on these signals do nothing in this process. SIG_IGN would be inherited by every program it starts."""
    for number in numbers:
        signal.signal(number, _do_nothing)


class SignalHandlers:
    """The handlers as they are when this is made. Outside of the main thread nobody can set any."""

    def __init__(self) -> None:
        in_main_thread = threading.current_thread() is threading.main_thread()
        self._numbers = _STEERING if in_main_thread else ()
        self._handlers = tuple(map(getsignal, self._numbers))

    def restore(self) -> None:
        """Set those again that have been replaced."""
        # All at once, as this is asked after every handler.
        if tuple(map(getsignal, self._numbers)) != self._handlers:
            for number, handler in zip(self._numbers, self._handlers, strict=True):
                signal.signal(number, handler)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    pass
