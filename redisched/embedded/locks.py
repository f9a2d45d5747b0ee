"""Lock files, by flock.

The kernel gives a flock up when the last process holding its descriptor is gone, even after kill -9, so a lock never
outlives its holders. A descriptor handed to a child process shares the lock: it is held until both have closed it.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from redisched.embedded.polling import poll_until


class FileLock:
    """One open description of a lock file, which is created when missing. Closing it gives up what it holds."""

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
        """Hold the lock alone; return False when somebody else holds it in any way."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Hold the lock together with other sharers; return False when somebody holds it alone."""
        return self._try(fcntl.LOCK_SH)

    def wait_exclusive(self, timeout_s: float) -> bool:
        """Hold the lock alone, waiting for others to let go; return False when they did not within `timeout_s`."""
        return poll_until(self.try_exclusive, timeout_s)

    def wait_shared(self, timeout_s: float) -> bool:
        """Hold the lock with others, waiting for a lone holder; return False when it did not let go in time."""
        return poll_until(self.try_shared, timeout_s)

    def release(self) -> None:
        """Let go of the lock, also for the processes that share this description."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close this process's descriptor; the lock is free once nobody else has it open. May be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def is_in_place(self) -> bool:
        """Whether the path still leads to this file: False after somebody removed or replaced the folder."""
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
