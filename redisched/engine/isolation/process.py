"""A process of isolated handlers as its worker sees it: it gets orders one at a time, and can be killed.

Everything here blocks, so call it in a thread. Meanwhile only `ask_to_end` and `kill` may be called from another
thread.
"""

import contextlib
import errno
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from pathlib import Path

from redisched.config import WorkerSettings
from redisched.engine.isolation.endings import NoRoomForProcess, ProcessDied, ProcessNotStarted, RaisedInside
from redisched.engine.isolation.inside import SENT_TO_ALL, SIGNALS, serve
from redisched.engine.isolation.messages import Answer, Order, Reply, ReplyKind, decode_reply
from redisched.errors import Interruption

START_DESCRIPTORS = 16
"""A little more than the number of descriptors that starting a process, and the fork server, needs at once."""
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM}
START_S = 60.0
"""The longest time that importing the application may take."""

PRELOADED = ["redisched.engine.isolation.inside", "redisched.client.scheduler"]
"""The modules that the fork server imports. It does not import the application, which may start threads."""

# A worker has threads, so it must not fork. The fork server, which does it for the worker, has only one thread.
_context = multiprocessing.get_context("forkserver")


class HandlerProcess:
    """A process that runs handlers of the application named MODULE:APP. Starting it takes milliseconds."""

    def __init__(self, target: str, settings: WorkerSettings) -> None:
        """Raises NoRoomForProcess, and ProcessNotStarted if the working folder is gone, which it would start in."""
        _check_folder()
        try:
            _check_room()
            _context.set_forkserver_preload(PRELOADED)
            self._connection, theirs = _context.Pipe()
            self._process = _context.Process(target=serve, args=(target, settings, theirs), name="redisched-handler")
            with theirs, _unstoppable():
                self._process.start()
        except EOFError as error:
            raise NoRoomForProcess("the server that forks it has ended") from error
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            raise NoRoomForProcess(str(error)) from error
        self._is_ready = False
        self.orders = 0

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return not wait([self._process.sentinel], 0)

    def get_ready(self) -> None:
        """Wait until it has imported the application, unless it was ready before.

        Raises RaisedInside with what the import raised, and ProcessNotStarted.
        """
        if self._is_ready:
            return
        try:
            reply = self._receive(START_S)
        except ProcessDied as error:
            raise ProcessNotStarted(f"the process of the handler ended before it was ready: {error}") from error
        if reply is None:
            raise ProcessNotStarted(f"the process of the handler was not ready after {START_S:g} s")
        if reply.kind is ReplyKind.RAISED:
            raise RaisedInside(reply.error, reply.traceback)
        self._is_ready = True

    def begin(self, order: Order) -> None:
        """Begin to run a handler. Its replies come next."""
        self.orders += 1
        with contextlib.suppress(OSError):
            self._connection.send_bytes(order.encode())

    def reply(self, within_s: float | None) -> Reply | None:
        """The next reply of the handler, None if none comes in time. Raises ProcessDied."""
        return self._receive(within_s)

    def answer(self, answer: Answer) -> None:
        """Answer a reply that waits for an answer."""
        with contextlib.suppress(OSError):
            self._connection.send_bytes(answer.encode())

    def ask_to_end(self, kind: type[Interruption]) -> None:
        """Raise an interruption inside the handler. If the process is not ready yet, it is killed."""
        if self._is_ready and self._process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, SIGNALS[kind])
        else:
            self.kill()

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()

    def dismiss(self) -> None:
        """Close the connection, so that the process ends by itself after its current task."""
        self._connection.close()

    def wait_ended(self, within_s: float) -> None:
        """Wait until the process has ended, at most `within_s` seconds."""
        wait([self._process.sentinel], max(0.0, within_s))

    def close(self) -> None:
        """Close the descriptors of a process that has ended or was killed. No other method may be called after this."""
        self._connection.close()
        self._process.join()
        self._process.close()

    def _receive(self, timeout_s: float | None) -> Reply | None:
        ready = wait([self._connection, self._process.sentinel], timeout_s)
        if not ready:
            return None
        if self._connection in ready:
            with contextlib.suppress(EOFError, OSError):
                return decode_reply(self._connection.recv_bytes())
            # The connection is broken, so the process is of no use any more.
            self.kill()
        self._process.join()
        raise ProcessDied(self._process.exitcode)


def _check_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:
        gone = "the working folder of the worker was removed; restart the worker"
        raise ProcessNotStarted(f"no process can be started for the handler: {gone}") from None


def _check_room() -> None:
    """Raises OSError if the system has too few free descriptors to start a process. A start that fails half-way would
    leave descriptors open.
    """
    spare: list[int] = []
    try:
        while len(spare) < START_DESCRIPTORS:
            spare += os.pipe()
    finally:
        for descriptor in spare:
            os.close(descriptor)


@contextlib.contextmanager
def _unstoppable() -> Iterator[None]:
    """Start processes inside this context with the signals blocked that people often send to all processes of a worker.

    Only the worker decides when its processes end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SENT_TO_ALL)
    try:
        # Otherwise the resource tracker would start with the first process, and unblock some of the signals again.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, SENT_TO_ALL)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
