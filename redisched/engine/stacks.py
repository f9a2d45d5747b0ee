"""SIGUSR1 shows where every thread of a process is, on standard error, and disturbs nothing else."""

import contextlib
import faulthandler
import signal

from redisched.engine.signal_handlers import take_no_notice


def show_stacks_on_signal() -> None:
    """From now on SIGUSR1 prints the stacks of this process, and SIGUSR2 does nothing: neither ends it any more."""
    # Where standard error is closed there is nobody to show them to.
    with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
        take_no_notice(signal.SIGUSR1)
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    take_no_notice(signal.SIGUSR2)
