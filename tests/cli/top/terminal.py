"""A pseudo-terminal with a process on it: what it shows, what is typed, and how it is left behind."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.cli.commands import environment
from tests.waiting import wait_until

PATIENCE_S = 60.0
KEYS = {"enter": "\r", "escape": "\x1b", "tab": "\t", "down": "\x1b[B", "right": "\x1b[C", "ctrl+c": "\x03"}
_RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?7h", b"\x1b[<u")
"""The screen before, the cursor, no marks around what is pasted, lines that wrap, and keys as they were."""
_PROGRAM = """
import fcntl, termios
from redisched.cli.main import main

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
main()
"""
"""It is stopped by the keys of its terminal, and ended with it, as from a shell."""


class Terminal:
    """Runs `redisched WORDS` on a terminal of some columns and lines, as the leader of its session."""

    def __init__(self, *words: str, size: tuple[int, int], **variables: str) -> None:
        columns, lines = size
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.settings = termios.tcgetattr(self._theirs)
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        here = environment(TERM="xterm-256color", LANG="C.UTF-8", **variables)
        for name in ("COLUMNS", "LINES"):
            # What the tests run in has a size of its own.
            here.pop(name, None)
        self.process = subprocess.Popen(
            (sys.executable, "-c", _PROGRAM, *words),
            env=here,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            cwd=Path(__file__).parent,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        if self._theirs >= 0:
            os.close(self._theirs)

    def text(self) -> str:
        """What is on the screen now."""
        while select.select([self._ours], [], [], 0)[0]:
            some = b""
            with suppress(OSError):
                some = os.read(self._ours, 65_536)
            if not some:
                break
            self.written += some
            self._stream.feed(some)
        return "\n".join(line.rstrip() for line in self.screen.display)

    def sees(self, *words: str) -> None:
        """Wait until the screen has these words."""

        def missing() -> bool:
            return all(word in self.text() for word in words)

        try:
            wait_until(missing, f"the terminal shows {words}", PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; on the screen is\n{self.text()}") from None

    def press(self, *keys: str) -> None:
        """Type keys, by their names or as they are."""
        for key in keys:
            os.write(self._ours, KEYS.get(key, key).encode())

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size, as a window does."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def end(self) -> int:
        """Wait until the process has ended; answers its exit code."""
        # What it still writes has to be read, or it would wait.
        wait_until(lambda: (self.text(), self.process.poll() is not None)[1], "the process has ended", PATIENCE_S)
        self.text()
        return self.process.wait()

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self._theirs)
        self._theirs = -1
        os.close(self._ours)
        self._ours = os.open(os.devnull, os.O_RDWR)

    def is_restored(self) -> bool:
        """Whether all that was changed about the terminal was undone."""
        return termios.tcgetattr(self._theirs) == self.settings and all(one in self.written for one in _RESTORED)
