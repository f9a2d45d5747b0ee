"""What the handler of one attempt has told and Redis does not have yet."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from redisched.progress import MOST_BYTES, MOST_LINES, Progress, encode_lines, encode_progress


class Pending(NamedTuple):
    """What is to be sent. `number` lines came before these; `progress` is empty if there is nothing new."""

    number: int
    progress: bytes
    lines: bytes
    next_number: int
    version: int


class ReportBuffer:
    """Keeps the newest progress and the newest lines until they are sent. Can be used from any thread.

    A handler may call it a million times: each call only takes the place of the one before, and drops the oldest lines
    beyond what a log may have.
    """

    def __init__(self, attempt: int, now_ms: Callable[[], float], on_told: Callable[[], None]) -> None:
        """`now_ms` is the server's time. `on_told` is called when there is something to send, until it is taken."""
        self._attempt = attempt
        self._now_ms = now_ms
        self._on_told = on_told
        # Reentrant, because a signal handler of the application may log while it interrupts a call.
        self._lock = threading.RLock()
        self._progress: tuple[float, float, str, int] | bytes = b""
        self._began: tuple[float, float, int] = (0, 0, 0)
        self._done: float = 0
        self._version = self._sent_version = 0
        self._number = 0
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._is_told = False
        self._is_closed = False

    def progress(self, done: float, total: float, note: str) -> None:
        """Note how far the handler has come."""
        at_ms = int(self._now_ms())
        with self._lock:
            # With another total, or if it begins again, its pace is another one.
            if total != self._began[0] or done < self._done:
                self._began = (total, done, at_ms)
            self._done = done
            self._progress = (done, total, note, at_ms)
            self._version += 1
            self._tell()

    def log(self, text: str) -> None:
        """Add the lines of a text."""
        at_ms = int(self._now_ms())
        with self._lock:
            self._add(encode_lines(text, self._attempt, at_ms))
            self._tell()

    def merge(self, number: int, progress: bytes, lines: bytes) -> None:
        """Note what another process has taken from its buffer for this attempt."""
        with self._lock:
            if lines:
                missing = number - self._number - len(self._lines)
                if missing > 0:
                    self._drop_all(missing)
                self._add(line + b"\n" for line in lines.split(b"\n")[:-1])
            if progress:
                self._progress = progress
                self._version += 1
            self._tell()

    def pending(self) -> Pending | None:
        """What is to be sent now; None if there is nothing."""
        with self._lock:
            self._is_told = False
            is_new = self._version != self._sent_version
            if not is_new and not self._lines:
                return None
            next_number = self._number + len(self._lines)
            progress = self._encoded() if is_new else b""
            return Pending(self._number, progress, b"".join(self._lines), next_number, self._version)

    def sent(self, pending: Pending) -> None:
        """Note that this was sent."""
        with self._lock:
            self._sent_version = max(self._sent_version, pending.version)
            while self._number < pending.next_number and self._lines:
                self._drop_first()

    def close(self) -> None:
        """Ignore all that is told from now on: the attempt has ended, or another worker has the task."""
        with self._lock:
            self._is_closed = True
            self._drop_all(0)
            self._sent_version = self._version

    def _tell(self) -> None:
        if self._is_closed:
            self.close()
        elif not self._is_told:
            self._is_told = True
            self._on_told()

    def _encoded(self) -> bytes:
        if isinstance(self._progress, bytes):
            return self._progress
        done, total, note, at_ms = self._progress
        _, began_done, began_ms = self._began
        return encode_progress(
            Progress(
                done=done,
                total=total,
                note=note,
                attempt=self._attempt,
                at_ms=at_ms,
                began_done=began_done,
                began_ms=began_ms,
            )
        )

    def _add(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._lines.append(line)
            self._bytes += len(line)
            while len(self._lines) > MOST_LINES or self._bytes > MOST_BYTES:
                self._drop_first()

    def _drop_first(self) -> None:
        self._bytes -= len(self._lines.popleft())
        self._number += 1

    def _drop_all(self, missing: int) -> None:
        """Drop all lines, and count so many more as dropped, which never came here."""
        self._number += len(self._lines) + missing
        self._lines.clear()
        self._bytes = 0
