"""Signal handlers of a worker process: ignoring signals, and restoring handlers that a task has replaced.

Async handlers of tasks run in the main thread, so they may set signal handlers.
"""

import signal
import threading

# signal.getsignal turns every answer into an enum, which takes microseconds.
from _signal import getsignal  # type: ignore[import-not-found]
from types import FrameType

_STEERING = tuple(map(int, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)))
"""The signals that stop a process or ask it something. Checking all signals after every task would cost
microseconds.
"""


def ignore_signals(*numbers: int) -> None:
    """Ignore these signals in this process from now on. SIG_IGN is not used, because programs that the process starts
    would inherit it.
    """
    for number in numbers:
        signal.signal(number, _do_nothing)


class SignalHandlers:
    """Remembers the signal handlers that are set when it is made. Outside of the main thread no handlers can be set, so
    it remembers none there.
    """

    def __init__(self) -> None:
        in_main_thread = threading.current_thread() is threading.main_thread()
        numbers = _STEERING if in_main_thread else ()
        self._handlers = tuple((number, getsignal(number)) for number in numbers)

    def restore(self) -> None:
        """Set the handlers again that have been replaced."""
        for number, handler in self._handlers:
            if getsignal(number) is not handler:
                signal.signal(number, handler)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    pass
