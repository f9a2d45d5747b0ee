"""One call of an isolated handler. A thread makes it and waits for the process; the event loop can interrupt it."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from redisched.codec import decode_outcome
from redisched.engine.isolation.checkpointing import answer_to
from redisched.engine.isolation.endings import NoRoomForProcess, RaisedInside, ResultUnstorable
from redisched.engine.isolation.inside import SIGNALS
from redisched.engine.isolation.messages import AnswerKind, Order, Reply, ReplyKind
from redisched.engine.isolation.pool import ProcessPool
from redisched.engine.isolation.process import HandlerProcess
from redisched.engine.isolation.reporting import merge_report
from redisched.engine.report_buffer import ReportBuffer
from redisched.engine.retrying import RetryAction, RetryDecision
from redisched.engine.time_limit import SoftLimit
from redisched.errors import HandlerTimedOut, Interruption, LeaseLost

PAUSE_S = 1.0
"""If the system has no room for a process, the task is kept for so long before it is given back."""


class IsolatedCall:
    """Runs a handler in a process of the pool. After it was asked to end, it has `grace_s` before its process is
    killed.
    """

    def __init__(
        self,
        pool: ProcessPool,
        order: Order,
        grace_s: float,
        save: Callable[[bytes], None],
        report: Callable[[], ReportBuffer],
    ) -> None:
        """`save` saves an encoded state that the handler wants to keep. `report` answers what takes its reports."""
        self._pool = pool
        self._order = order
        self._grace_s = grace_s
        self._save = save
        self._report = report
        self._lock = threading.Lock()
        self._process: HandlerProcess | None = None
        self._interruption: type[Interruption] | None = None
        self._was_interrupted = threading.Event()
        self._loop = asyncio.get_running_loop()

    def run(self) -> Any:
        """Run the handler; answers what it returns. Blocks until the handler or its process has ended.

        Raises RaisedInside, ResultUnstorable, ProcessDied, ProcessNotStarted, NoRoomForProcess, or the interruption
        that ended it.
        """
        process = self._take()
        reply = None
        try:
            self._enter(process)
            process.get_ready()
            process.begin(self._order)
            reply = self._last_reply(process)
        except Exception:
            self._raise_interruption()
            raise
        finally:
            self._leave()
            # An interruption may still be on its way to this process, and must not hit the next handler in it.
            if reply is None or self._interruption is not None:
                self._pool.discard(process)
            else:
                self._pool.give_back(process, reply.memory_bytes)
        return self._result(reply)

    def interrupt(self, kind: type[Interruption]) -> None:
        """Interrupt the handler, once. If there is a signal for `kind`, the handler is asked to end first, and its
        process is killed if it does not. Otherwise its process is killed at once.
        """
        if self._ask_to_end(kind):
            self._loop.call_later(self._grace_s, self._kill)

    def _ask_to_end(self, kind: type[Interruption]) -> bool:
        """Answers whether the handler was asked, and should be killed after its grace."""
        with self._lock:
            if self._interruption is not None:
                return False
            self._interruption = kind
            self._was_interrupted.set()
            if self._process is None:
                return False
            if kind not in SIGNALS:
                self._process.kill()
                return False
            self._process.ask_to_end(kind)
            return True

    def _last_reply(self, process: HandlerProcess) -> Reply | None:
        """Wait for the end of the handler; answers None if its time and its grace were over before. This thread keeps
        the time itself, because other handlers may block the event loop.
        """
        timeout_s = self._order.timeout_s
        limit = None if timeout_s is None else SoftLimit(time.monotonic, timeout_s)
        while True:
            reply = process.reply(None if limit is None else limit.remaining_s())
            if reply is None:
                self._ask_to_end(HandlerTimedOut)
                return self._reply_within_grace(process)
            if reply.kind is ReplyKind.EXTENDED and limit is not None:
                limit.extend(reply.seconds)
            elif self._is_last(process, reply):
                return reply

    def _reply_within_grace(self, process: HandlerProcess) -> Reply | None:
        until_s = time.monotonic() + self._grace_s
        while True:
            reply = process.reply(max(0.0, until_s - time.monotonic()))
            if reply is None or self._is_last(process, reply):
                return reply

    def _is_last(self, process: HandlerProcess, reply: Reply) -> bool:
        """Whether the handler has ended with this reply. If it has not, the worker does what the reply asks for."""
        if reply.kind is ReplyKind.CHECKPOINT:
            self._save_for(process, reply)
        elif reply.kind is ReplyKind.REPORT:
            merge_report(reply, self._report())
        return reply.kind not in (ReplyKind.CHECKPOINT, ReplyKind.REPORT, ReplyKind.EXTENDED)

    def _save_for(self, process: HandlerProcess, reply: Reply) -> None:
        answer = answer_to(self._save, reply.outcome)
        if answer.kind is AnswerKind.LOST:
            with self._lock:
                self._interruption = self._interruption or LeaseLost
        process.answer(answer)

    def _take(self) -> HandlerProcess:
        try:
            return self._pool.take()
        except NoRoomForProcess:
            # Otherwise this worker might take the task again at once and find no room again.
            self._was_interrupted.wait(PAUSE_S)
            self._raise_interruption()
            raise

    def _enter(self, process: HandlerProcess) -> None:
        with self._lock:
            self._raise_interruption()
            self._process = process

    def _leave(self) -> None:
        with self._lock:
            self._process = None

    def _kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def _raise_interruption(self) -> None:
        if self._interruption is not None:
            raise self._interruption from None

    def _result(self, reply: Reply | None) -> Any:
        if reply is None:
            raise self._interruption or HandlerTimedOut
        match reply.kind:
            case ReplyKind.RETURNED:
                return decode_outcome(reply.outcome).result
            case ReplyKind.UNSTORABLE:
                raise ResultUnstorable(reply.error)
            case ReplyKind.INTERRUPTED if self._interruption is not None:
                raise self._interruption
            case _:
                decision = (
                    RetryDecision(RetryAction(reply.decision[0]), *reply.decision[1:]) if reply.decision else None
                )
                raise RaisedInside(reply.error, reply.traceback, decision)
