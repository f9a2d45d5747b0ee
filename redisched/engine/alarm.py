"""Alarms: they call a function at a monotonic moment.

The timers of an event loop fire up to a millisecond late, because epoll counts in milliseconds. So on Linux the alarm
is a timer of the kernel that the event loop watches as a file; on other systems it is a timer of the event loop.
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
    """Calls a function at one moment at a time."""

    def set(self, moment_s: float | None, now_s: float) -> None:
        """Fire at this monotonic moment, and no more at the one that was set before. A moment in the past fires at
        once, None never.
        """

    def close(self) -> None:
        """Never fire again, whatever is set."""


OnAlarm = Callable[[], None]
MakeAlarm = Callable[[OnAlarm], Alarm]


class LoopAlarm:
    """A timer of the event loop."""

    def __init__(self, on_alarm: OnAlarm) -> None:
        self._on_alarm = on_alarm
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def set(self, moment_s: float | None, now_s: float) -> None:
        self._cancel()
        if moment_s is not None and not self._is_closed:
            self._timer = self._loop.call_later(max(0.0, moment_s - now_s), self._on_alarm)

    def close(self) -> None:
        self._is_closed = True
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class KernelAlarm:
    """A timer of the kernel, timerfd_create(2). It is as exact as the kernel's scheduler."""

    def __init__(self, on_alarm: OnAlarm) -> None:
        self._on_alarm = on_alarm
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
        # A time of 0 would switch the timer off.
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
            # The timer was set again after it had expired, so there is nothing to read.
            return
        self._moment_s = None
        self._on_alarm()


def make_alarm(on_alarm: OnAlarm) -> Alarm:
    """The most exact alarm that this system has, in the running event loop."""
    if sys.platform == "linux":
        # If the process has no free descriptor, the timer of the event loop has to do.
        with contextlib.suppress(OSError):
            return KernelAlarm(on_alarm)
    return LoopAlarm(on_alarm)
