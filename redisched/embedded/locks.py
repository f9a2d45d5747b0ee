"""Lock files, based on flock.

The kernel releases a flock when the last process that has its descriptor open ends, even after kill -9, so a lock never
outlives its holders. A child process that inherits the descriptor shares the lock until both have closed it.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from redisched.embedded.polling import poll_until


class FileLock:
    """One open description of a lock file, which is created when missing. Closing it releases its lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def descriptor(self) -> int:
        """The file descriptor, to hand to a child process."""
        return self._descriptor

    def try_exclusive(self) -> bool:
        """Take the lock exclusively; return False if another holder has it, shared or exclusive."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take the lock as one of several sharers; return False if another holder has it exclusively."""
        return self._try(fcntl.LOCK_SH)

    def wait_exclusive(self, timeout_s: float) -> bool:
        """Take the lock exclusively, waiting up to `timeout_s`; return False if others still hold it then."""
        return poll_until(self.try_exclusive, timeout_s)

    def wait_shared(self, timeout_s: float) -> bool:
        """Take the lock as a sharer, waiting up to `timeout_s`; return False if it is held exclusively then."""
        return poll_until(self.try_shared, timeout_s)

    def release(self) -> None:
        """Release the lock, also for the processes that inherited this descriptor."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close this process's descriptor; the lock is free once no process has it open. May be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def is_in_place(self) -> bool:
        """Whether the path still leads to this file. False after the file or its folder was removed or replaced."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def _try(self, operation: int) -> bool:
        try:
            fcntl.flock(self._descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_held_alone(path: Path) -> bool:
    """Whether some process holds the lock exclusively."""
    if not path.exists():
        return False
    with FileLock(path) as lock:
        return not lock.try_shared()
