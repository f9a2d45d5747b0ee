"""A clock for a server that can be moved while it runs, by libfaketime.

It moves the clock of the Valkey that redisched brings along. Debian's redis-server does not start with it: libfaketime
and the memory allocator of that server wait for each other.
"""

from pathlib import Path

from tests.brokers import do_without

_LIBRARIES = Path("/usr/lib")


def find_libfaketime() -> Path:
    """The library that fakes time. Skips the test when it is missing; in CI that fails."""
    return next(_LIBRARIES.glob("*/faketime/libfaketime.so.1"), None) or do_without(
        "libfaketime is not installed: apt-get install faketime"
    )


class MovedClock:
    """A clock for a server that is started with `binary`. It is right until it is moved."""

    def __init__(self, folder: Path, binary: Path) -> None:
        self._offset = folder / "offset"
        self.move(0)
        self.binary = folder / "server-with-moved-clock"
        self.binary.write_text(
            f"#!/bin/sh\nLD_PRELOAD={find_libfaketime()} FAKETIME_TIMESTAMP_FILE={self._offset} FAKETIME_NO_CACHE=1 "
            f'FAKETIME_DONT_FAKE_MONOTONIC=1 exec {binary} "$@"\n'
        )
        self.binary.chmod(0o700)

    def move(self, seconds: int) -> None:
        """Set the clock so many seconds ahead of the right time, or behind it."""
        draft = self._offset.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}\n")
        draft.replace(self._offset)
