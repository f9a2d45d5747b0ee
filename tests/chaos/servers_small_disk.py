"""A disk of a few megabytes for a server's data, which can be filled.

Only the servers started on it see it mounted, and it ends with the process that holds it open: nothing is
left mounted after a test, even if it was killed.
"""

import contextlib
import subprocess
from pathlib import Path
from typing import Self

_BLOCK = bytes(4_096)
_HOLD = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo ready && exec cat'


class NoSmallDisk(Exception):
    """Raised when this process may not mount anything."""


class SmallDisk:
    """A disk for a server that is started with `binary` and `arguments`."""

    def __init__(self, folder: Path, binary: Path, size: str) -> None:
        self._mounted = folder / "disk"
        self._mounted.mkdir()
        self._holder = subprocess.Popen(
            ("unshare", "--mount", "sh", "-c", _HOLD, "hold", size, str(self._mounted)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if self._say() != b"ready\n":
            _, complaint = self._holder.communicate()
            raise NoSmallDisk(complaint.decode().strip())
        self.binary = folder / "server-on-small-disk"
        self.binary.write_text(f'#!/bin/sh\nexec nsenter --mount=/proc/{self._holder.pid}/ns/mnt {binary} "$@"\n')
        self.binary.chmod(0o700)
        self.arguments = ("--dir", str(self._mounted))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._holder.communicate()

    def fill(self) -> None:
        """Leave no room for another byte."""
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            while True:
                filler.write(_BLOCK)

    def clear(self) -> None:
        """Make room again."""
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return Path(f"/proc/{self._holder.pid}/root{self._mounted}/filler")

    def _say(self) -> bytes:
        assert self._holder.stdout is not None
        return self._holder.stdout.readline()
