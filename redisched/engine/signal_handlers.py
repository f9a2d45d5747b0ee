"""Signal handlers of a worker process: ignoring signals, also while it comes up, and restoring handlers that a task has
replaced.

Async handlers of tasks run in the main thread, so they may set signal handlers.
"""

import contextlib
import signal
import threading

# signal.getsignal turns every answer into an enum, which takes microseconds.
from _signal import getsignal  # type: ignore[import-not-found]
from collections.abc import Iterator
from types import FrameType

_STEERING = tuple(map(int, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)))
"""The signals that stop a process or ask it something. Checking all signals after every task would cost
microseconds.
"""


_GROUP_SIGNALS = frozenset({signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2})
"""Signals that people send to all processes of a worker. SIGTERM is not among them, as the supervisor stops by it a
process that is not ready yet.
"""


def ignore_signals(*numbers: int) -> None:
    """Ignore these signals in this process from now on. SIG_IGN is not used, because programs that the process starts
    would inherit it.
    """
    for number in numbers:
        signal.signal(number, _do_nothing)


@contextlib.contextmanager
def group_signals_blocked() -> Iterator[None]:
    """Start a worker process within this context, so that signals which people send to all processes do not end it
    before it has handlers for them. It calls `unblock_group_signals` when it has.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _GROUP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_group_signals() -> None:
    """Heed the signals again that `group_signals_blocked` blocked, also those that have come meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _GROUP_SIGNALS)


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
