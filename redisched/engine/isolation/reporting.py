"""Sends what an isolated handler tells of its progress to the worker, which stores it under the lease of the task."""

import threading
from collections.abc import Callable

from redisched.codec import decode_message, encode_message
from redisched.engine.isolation.messages import Reply, ReplyKind
from redisched.engine.report_buffer import ReportBuffer

INTERVAL_S = 0.1


class ReportLink:
    """Sends the reports of one running handler, inside the handler's process: the first at once, later ones some times
    a second.

    A thread of its own sends them: an interruption, which hits the main thread, must not cut a message.
    """

    def __init__(self, send: Callable[[Reply], object], attempt: int, now_ms: Callable[[], float]) -> None:
        """`now_ms` is the server's time."""
        self.buffer = ReportBuffer(attempt, now_ms, self._note)
        self._send = send
        self._is_told = threading.Event()
        self._has_ended = threading.Event()
        self._thread: threading.Thread | None = None

    def end(self) -> None:
        """Send what was told last. Nothing is sent afterwards."""
        self._has_ended.set()
        self._is_told.set()
        if self._thread is not None:
            self._thread.join()
            self._send_pending()
        self.buffer.close()

    def _note(self) -> None:
        self._is_told.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_all, name="redisched-reports", daemon=True)
            self._thread.start()

    def _send_all(self) -> None:
        while not self._has_ended.is_set():
            self._is_told.wait()
            self._is_told.clear()
            self._send_pending()
            self._has_ended.wait(INTERVAL_S)

    def _send_pending(self) -> None:
        pending = self.buffer.pending()
        if pending is not None:
            self._send(Reply(ReplyKind.REPORT, outcome=encode_message(pending[:3])))
            self.buffer.sent(pending)


def merge_report(reply: Reply, buffer: ReportBuffer) -> None:
    """Take a report of a handler's process, inside the worker."""
    number, progress, lines = decode_message(reply.outcome)
    buffer.merge(number, progress, lines)
