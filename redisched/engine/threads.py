"""Threads for sync handlers: fed from the event loop, reporting back in batches, interruptible while Python runs."""

import asyncio
import ctypes
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from redisched.errors import Interruption

_raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc


class Call:
    """One call of a sync handler. `future` gets its result, or the exception it raised."""

    __slots__ = ("_interruption", "_lock", "_thread", "error", "function", "future", "result")

    def __init__(self, function: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self.function = function
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._interruption: type[Interruption] | None = None

    def run(self) -> None:
        """Call the handler in this thread. Never raises: what the handler raises is its error."""
        try:
            try:
                self._open()
                self.result = self.function()
            finally:
                self._close()
        except BaseException as error:
            self.error = error

    def interrupt(self, kind: type[Interruption]) -> None:
        """Raise an interruption inside the handler at its next step of Python code, if it has not ended; once only."""
        with self._lock:
            if self._interruption is None:
                self._interruption = kind
                if self._thread is not None:
                    _raise_in_thread(ctypes.c_ulong(self._thread), ctypes.py_object(kind))

    def _open(self) -> None:
        with self._lock:
            if self._interruption is not None:
                raise self._interruption
            self._thread = threading.get_ident()

    def _close(self) -> None:
        with self._lock:
            self._thread = None
            if self._interruption is not None:
                # What was raised too late to reach the handler shall not reach the next one.
                _raise_in_thread(ctypes.c_ulong(threading.get_ident()), None)


class Threads:
    """A fixed set of threads, begun one by one as calls come in."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._ended: deque[Call] = deque()
        self._delivery_due = False
        self._outstanding = 0
        self._threads: list[threading.Thread] = []
        self._loop = asyncio.get_running_loop()

    def call(self, function: Callable[[], Any]) -> Call:
        """Run a function in a thread; await the call's future for its result."""
        call = Call(function, self._loop.create_future())
        self._outstanding += 1
        if len(self._threads) < min(self._size, self._outstanding):
            thread = threading.Thread(target=self._serve, name=f"redisched-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._calls.put(call)
        return call

    def stop(self) -> None:
        """Let every thread end after its current call."""
        for _ in self._threads:
            self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()
            self._ended.append(call)
            if not self._delivery_due:
                self._delivery_due = True
                self._schedule_delivery()

    def _schedule_delivery(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            self._calls.put(None)

    def _deliver(self) -> None:
        self._delivery_due = False
        while self._ended:
            call = self._ended.popleft()
            self._outstanding -= 1
            if call.future.done():
                continue
            if call.error is None:
                call.future.set_result(call.result)
            else:
                call.future.set_exception(_as_exception(call.error))


def _as_exception(error: BaseException) -> BaseException:
    return RuntimeError("the handler raised StopIteration") if isinstance(error, StopIteration) else error
