"""Calls back at a monotonic moment. An event loop's own timers come up to a millisecond late, as epoll counts in those.

On Linux a timer of the kernel's is watched as a file; elsewhere the event loop's own will do.
"""

import asyncio
import contextlib
import ctypes
import os
import sys
from collections.abc import Callable
from typing import Protocol

_CLOCK_MONOTONIC = 1


class Alarm(Protocol):
    """Rings at one moment at a time."""

    def set(self, moment_s: float | None, now_s: float) -> None:
        """Ring at this monotonic moment instead of any other; at once if it has passed, never for None."""

    def close(self) -> None:
        """Ring no more, whatever is set."""


Ring = Callable[[], None]
MakeAlarm = Callable[[Ring], Alarm]


class LoopAlarm:
    """A timer of the event loop."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def set(self, moment_s: float | None, now_s: float) -> None:
        self._cancel()
        if moment_s is not None and not self._is_closed:
            self._timer = self._loop.call_later(max(0.0, moment_s - now_s), self._ring)

    def close(self) -> None:
        self._is_closed = True
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class KernelAlarm:
    """A timer of the kernel, timerfd_create(2): as exact as the kernel wakes processes."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file: int | None = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file == -1:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._moment_s: float | None = None
        self._loop.add_reader(self._file, self._expired, self._file)

    def set(self, moment_s: float | None, now_s: float) -> None:
        if self._file is None or moment_s == self._moment_s:
            return
        self._moment_s = moment_s
        # A time of 0 would disarm it.
        nanoseconds = 0 if moment_s is None else max(1, round((moment_s - now_s) * 1e9))
        times = (ctypes.c_long * 4)(0, 0, *divmod(nanoseconds, 10**9))
        self._libc.timerfd_settime(self._file, 0, ctypes.byref(times), None)

    def close(self) -> None:
        if self._file is not None:
            self._loop.remove_reader(self._file)
            os.close(self._file)
            self._file = None

    def _expired(self, file: int) -> None:
        try:
            os.read(file, 8)
        except BlockingIOError:
            # It was set anew after it had expired.
            return
        self._moment_s = None
        self._ring()


def make_alarm(ring: Ring) -> Alarm:
    """The most exact alarm of this machine, within the running event loop."""
    if sys.platform == "linux":
        # Without a free descriptor the one of the event loop is exact enough.
        with contextlib.suppress(OSError):
            return KernelAlarm(ring)
    return LoopAlarm(ring)
