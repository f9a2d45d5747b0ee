"""SIGUSR1 shows where every thread of a process is, on standard error, and disturbs nothing else."""

import contextlib
import faulthandler
import signal
from types import FrameType


def show_stacks_on_signal() -> None:
    """From now on SIGUSR1 prints the stacks of this process, and SIGUSR2 does nothing: neither ends it any more."""
    # Where standard error is closed there is nobody to show them to.
    with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
        signal.signal(signal.SIGUSR1, _take_no_notice)
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    signal.signal(signal.SIGUSR2, _take_no_notice)


def _take_no_notice(_number: int, _frame: FrameType | None) -> None:
    pass
