"""Tells a SIGHUP that somebody sends from one that the kernel sends because the terminal was closed."""

import os


class ControllingTerminal:
    """The terminal in which this process was started, if it has one."""

    def __init__(self) -> None:
        self._was_there = _can_be_opened()

    def has_hung_up(self) -> bool:
        """Whether there was a terminal that has been closed."""
        return self._was_there and not _can_be_opened()


def _can_be_opened() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
