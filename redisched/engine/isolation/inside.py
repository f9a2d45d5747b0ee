"""The code that runs inside a process of isolated handlers: it imports the application and runs the tasks it gets."""

import asyncio
import atexit
import contextlib
import ctypes
import fcntl
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from random import random
from types import FrameType
from typing import Any

from redisched.callables import is_awaitable
from redisched.codec import decode_task, describe, encode_outcome, traceback_of
from redisched.config import WorkerSettings
from redisched.context import NO_TIME_LIMIT, TaskContext, free_slots, running
from redisched.engine.application import load_application
from redisched.engine.around import call_in_thread
from redisched.engine.checkpoints import TaskCheckpoints
from redisched.engine.ending import end_within
from redisched.engine.forks import FORK_BORDER, begin_process
from redisched.engine.isolation.checkpointing import CheckpointLink
from redisched.engine.isolation.loaded import Loaded
from redisched.engine.isolation.messages import Answer, Order, Reply, ReplyKind, decode_answer, decode_order
from redisched.engine.isolation.reporting import ReportLink
from redisched.engine.log_records import name_tasks_in_records
from redisched.engine.logs import configure_logging
from redisched.engine.own_context import run_in_context, steps_of
from redisched.engine.readable_errors import readable, with_readable_errors
from redisched.engine.resident_memory import resident_bytes
from redisched.engine.retrying import decide
from redisched.engine.signal_handlers import SignalHandlers, ignore_signals
from redisched.engine.stacks import show_stacks_on_signal
from redisched.engine.time_limit import SoftLimit
from redisched.engine.unrun import refuse_unrun, why_unstorable
from redisched.errors import CancelRequested, HandlerTimedOut, Interruption, LeaseLost
from redisched.model import Outcome, TaskBody, TaskState
from redisched.registry import HandlerEntry

SIGNALS: dict[type[Interruption], int] = {
    CancelRequested: signal.SIGRTMIN + 1,
    LeaseLost: signal.SIGRTMIN + 2,
    HandlerTimedOut: signal.SIGRTMIN + 3,
}
"""The signals by which the worker asks the process to interrupt a handler. Neither people nor the C library use
them.
"""
SENT_TO_ALL = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
"""Signals that people and service managers send to all processes of a worker at once."""
_KINDS = {number: kind for kind, number in SIGNALS.items()}
LEAVING_S = 2.0
"""Exit handlers of the application may take so long."""
_PR_SET_PDEATHSIG = 1
_STANDARD_ERROR = 2


def serve(target: str, settings: WorkerSettings, connection: Connection) -> None:
    """Run handlers of an application until the worker closes the connection."""
    begin_process()
    # From Python 3.13 on, a process that multiprocessing forks has no exit handlers.
    atexit.register(logging.shutdown)
    _end_with_the_worker()
    _keep_descriptors()
    sending = threading.Lock()

    def send(reply: Reply) -> None:
        with sending:
            connection.send_bytes(reply.encode())

    runner = HandlerRunner(send, lambda: decode_answer(connection.recv_bytes()))
    name_tasks_in_records()
    loaded: Loaded | None = None
    try:
        # What the module or a lifespan forks must not speak for this process.
        with FORK_BORDER:
            application = load_application(target, settings.imports)
            configure_logging(settings)
            loaded = Loaded(application)
        runner.get_ready(loaded)
        reply = Reply(ReplyKind.READY)
    except BaseException as error:
        reply = _raised(error)
    try:
        while True:
            connection.send_bytes(reply._replace(memory_bytes=resident_bytes(os.getpid())).encode())
            reply = runner.perform(decode_order(connection.recv_bytes()))
    except (EOFError, OSError):
        end_within(LEAVING_S, 0)
        if loaded is not None:
            loaded.close()
        # Python calls exit handlers when a program ends, but not in a process that multiprocessing has forked.
        atexit._run_exitfuncs()  # noqa: SLF001
        os._exit(0)


class HandlerRunner:
    """Runs one handler at a time. Signals of the worker can interrupt it."""

    loaded: Loaded

    def __init__(self, send: Callable[[Reply], object], receive: Callable[[], Answer]) -> None:
        """`send` sends a reply while the handler runs, and `receive` gets the answer to one that waits for it."""
        self._send = send
        self._receive = receive
        self._interrupt: Callable[[type[Interruption]], None] | None = None
        self._set_signal_handlers()
        show_stacks_on_signal()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SENT_TO_ALL)

    def get_ready(self, loaded: Loaded) -> None:
        """Perform orders with these handlers from now on. Importing them may have set other signal handlers."""
        self.loaded = loaded
        self._set_signal_handlers()
        self._signal_handlers = SignalHandlers()

    def _set_signal_handlers(self) -> None:
        for number in _KINDS:
            signal.signal(number, self._on_interruption)
        ignore_signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def perform(self, order: Order) -> Reply:
        """Run the handler of a task; answers what became of it. Never raises."""
        limit = self.loaded.settings.payload_limit
        entry: HandlerEntry | None = None
        link = CheckpointLink(self._send, self._receive)
        reports = ReportLink(self._send, order.context.attempt, lambda: time.monotonic() * 1e3 + order.server_ahead_ms)
        try:
            body = decode_task(order.record, limit)
            entry = self.loaded.handlers.get(body.name)
            if entry is None:
                raise LookupError(f"importing the application once more gives no handler named {body.name!r}")
            context = replace(self._context_of(order, link, reports), _function=entry.function)
            context = replace(context, headers=body.headers or {}, args=body.args, kwargs=body.kwargs)
            with FORK_BORDER:
                result = copy_context().run(self._call, entry, body, context, order.free_slots)
            return _returned(entry, result, limit, is_kept=order.keeps_result)
        except BaseException as raised:
            error = readable(raised)
            if isinstance(error, Interruption):
                return _raised(error)._replace(kind=ReplyKind.INTERRUPTED)
            known = order.context
            decision = () if entry is None else decide(entry, error, known.attempt, known.max_attempts, random)
            return _raised(error)._replace(decision=decision)
        finally:
            self._undo_leftovers()
            link.end()
            reports.end()

    def _undo_leftovers(self) -> None:
        """Handlers run in the main thread here, so each can set signal handlers, and an alarm that would kill the
        process under the next one.
        """
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        self._signal_handlers.restore()

    def _call(self, entry: HandlerEntry, body: TaskBody, context: TaskContext, free: int) -> Any:
        running.set(_KnownTask(context))
        free_slots.set(lambda: free)
        call_in_thread.set(self._call_sync)
        if entry.is_async:
            args, kwargs = entry.arguments_of(body)
            return self.loaded.run(self._await(entry.function(*args, **kwargs)))
        try:
            self._interrupt = _raise
            args, kwargs = entry.arguments_of(body)
            result = entry.function(*args, **kwargs)
        finally:
            self._interrupt = None
        return self.loaded.run(self._await(result)) if is_awaitable(result) else result

    async def _call_sync(self, function: Callable[[], Any]) -> Any:
        """Call a sync handler around which async middleware is awaited. Here and not in a thread: signals interrupt the
        main thread only, and this event loop has nothing else to do.
        """
        outer, self._interrupt = self._interrupt, _raise
        try:
            return function()
        finally:
            self._interrupt = outer

    def _context_of(self, order: Order, link: CheckpointLink, reports: ReportLink) -> TaskContext:
        limit = NO_TIME_LIMIT if order.timeout_s is None else _ReportedLimit(order.timeout_s, self._send)
        largest = self.loaded.settings.payload_limit
        checkpoints = TaskCheckpoints(order.context.name, order.checkpoint, largest, link.save, link.save_async)
        return replace(order.context, _time_limit=limit, _checkpoints=checkpoints, _reports=reports.buffer)

    async def _await(self, awaitable: Awaitable[Any]) -> Any:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        asked: list[type[Interruption]] = []

        def interrupt(kind: type[Interruption]) -> None:
            asked.append(kind)
            if task is not None:
                loop.call_soon_threadsafe(task.cancel)

        self._interrupt = interrupt
        try:
            return await with_readable_errors(run_in_context(copy_context(), steps_of, awaitable))
        except asyncio.CancelledError:
            if asked:
                raise asked[0] from None
            raise
        finally:
            self._interrupt = None

    def _on_interruption(self, number: int, _frame: FrameType | None) -> None:
        if self._interrupt is not None:
            self._interrupt(_KINDS[number])


class _ReportedLimit(SoftLimit):
    """The limit of the running attempt. The worker, which keeps it, is told of each extension."""

    __slots__ = ("_send",)

    def __init__(self, timeout_s: float, send: Callable[[Reply], object]) -> None:
        super().__init__(time.monotonic, timeout_s)
        self._send = send

    def extend(self, seconds: float) -> None:
        super().extend(seconds)
        self._send(Reply(ReplyKind.EXTENDED, seconds=seconds))


class _KnownTask:
    """The context of the task that runs, as the worker sent it."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context

    def task_context(self) -> TaskContext:
        return self._context


def _raise(kind: type[Interruption]) -> None:
    raise kind


def _returned(entry: HandlerEntry, result: Any, limit: int, *, is_kept: bool) -> Reply:
    try:
        refuse_unrun(result)
        kept = result if is_kept else None
        if is_kept and entry.conversion is not None:
            kept = entry.conversion.encode_result(result)
        outcome = encode_outcome(Outcome(TaskState.SUCCEEDED, entry.name, result=kept), limit)
    except Interruption:
        raise
    except BaseException as error:
        return Reply(ReplyKind.UNSTORABLE, error=why_unstorable(entry.name, error))
    return Reply(ReplyKind.RETURNED, outcome=outcome)


def _raised(error: BaseException) -> Reply:
    return Reply(ReplyKind.RAISED, error=describe(error), traceback=traceback_of(error))


def _keep_descriptors() -> None:
    """Let programs that handlers start inherit none of this process' descriptors but the standard ones. The worker sees
    by closed pipes that this process has ended, and an inherited pipe would stay open.
    """
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        # The descriptor with which the folder was read is closed by now.
        with contextlib.suppress(OSError):
            os.set_inheritable(descriptor, descriptor <= _STANDARD_ERROR)


def _end_with_the_worker() -> None:
    """Let the kernel kill this process when the worker or the fork server ends, whatever runs here then."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    worker = multiprocessing.parent_process()
    if worker is None or not isinstance(worker.sentinel, int):
        return
    # The sentinel is a pipe into which nothing is written. It becomes readable when the worker ends and so closes it.
    fcntl.fcntl(worker.sentinel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(worker.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(worker.sentinel, fcntl.F_SETFL, os.O_ASYNC)
    if not worker.is_alive():
        os._exit(0)
