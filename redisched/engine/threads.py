"""Threads that run sync handlers. The event loop gives them calls, and they report ended calls back to it in batches. A
handler can be interrupted while it runs Python code.

An ended call is given to a callback and not to a future, so that the callback can start the next call at once, without
another turn of the event loop.
"""

import asyncio
import contextlib
import ctypes
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeAlias

from redisched.engine.forks import end_fork, is_fork
from redisched.engine.readable_errors import readable
from redisched.errors import Interruption

_raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc


class Call:
    """One call of a sync handler. Once it has ended, it has a result or an error."""

    __slots__ = ("_interruption", "_lock", "_thread", "error", "function", "on_end", "result")

    def __init__(self, function: Callable[[], Any], on_end: "OnEnd") -> None:
        self.function = function
        self.on_end = on_end
        self.result: Any = None
        self.error: BaseException | None = None
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._interruption: type[Interruption] | None = None

    def run(self) -> None:
        """Call the handler in this thread. Never raises: an exception of the handler becomes `error`."""
        try:
            try:
                self._open()
                self.result = self.function()
            finally:
                self._close()
        except StopIteration:
            self.error = RuntimeError("the handler raised StopIteration")
        except BaseException as error:
            self.error = readable(error)
        if is_fork():
            end_fork(self.error)

    def interrupt(self, kind: type[Interruption]) -> None:
        """Raise an interruption inside the handler at its next step of Python code, once, if it has not ended."""
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
            _take_the_late()


class _LateError(BaseException):
    """Replaces an interruption that came after the handler had ended, so that the next handler does not get it."""


def _take_the_late() -> None:
    # Taking the interruption back is not enough. The interpreter would still believe that a thread has an exception to
    # raise, and look for it at every call; under a profiler no call would end.
    here = ctypes.c_ulong(threading.get_ident())
    with contextlib.suppress(_LateError):
        while _raise_in_thread(here, ctypes.py_object(_LateError)):
            pass


OnEnd: TypeAlias = Callable[[Call], None]


def settle_future(future: asyncio.Future[Any], call: Call) -> None:
    """Give a future the result or the error of a call, unless the future is done already."""
    if future.done():
        return
    if call.error is None:
        future.set_result(call.result)
    else:
        future.set_exception(call.error)


class Threads:
    """At most `size` threads, which are started one by one when calls need them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._ended: deque[Call] = deque()
        self._delivery_due = False
        self._outstanding = 0
        self._is_stopped = False
        self._threads: list[threading.Thread] = []
        self._loop = asyncio.get_running_loop()

    def call(self, function: Callable[[], Any], on_end: OnEnd) -> Call:
        """Run a function in a thread. `on_end` is called in the event loop once it has ended."""
        call = Call(function, on_end)
        self._outstanding += 1
        if len(self._threads) < min(self._size, self._outstanding):
            try:
                self._start_thread()
            except RuntimeError as error:
                # The system has no room for another thread: the call waits for one that runs, or fails alone.
                if not self._threads:
                    call.error = error
                    self._note_end(call)
                    return call
        self._calls.put(call)
        return call

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._serve, name=f"redisched-{len(self._threads)}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def has_ended(self, call: Call) -> bool:
        """Whether a call has ended of which the event loop has not heard yet. Can be called from any thread."""
        return call in list(self._ended)

    def stop(self) -> None:
        """Let every thread end after its current call. `on_end` is not called any more."""
        self._is_stopped = True
        for _ in self._threads:
            self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()
            self._note_end(call)
            # Otherwise an idle thread would keep the arguments and the result of its last handler in memory.
            del call

    def _note_end(self, call: Call) -> None:
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
        # Only those that have ended by now, because threads go on adding calls meanwhile.
        for _ in range(len(self._ended)):
            call = self._ended.popleft()
            self._outstanding -= 1
            if not self._is_stopped:
                call.on_end(call)
