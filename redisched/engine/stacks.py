"""SIGUSR1 prints the stack of every thread of a process on standard error. The process goes on as before."""

import contextlib
import faulthandler
import signal

from redisched.engine.signal_handlers import ignore_signals


def show_stacks_on_signal() -> None:
    """From now on SIGUSR1 prints the stacks of this process, and SIGUSR2 does nothing. By default both would end it."""
    # If standard error is closed, the stacks cannot be shown.
    with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
        ignore_signals(signal.SIGUSR1)
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    ignore_signals(signal.SIGUSR2)
