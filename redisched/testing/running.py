"""Runs claimed tasks one after the other, as a worker does: with its policy, its completions and its edges.

What differs: a sync or isolated handler runs in the test's own thread, an async one on an event loop in virtual time,
and nothing runs beside it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import replace
from typing import Any

from redisched.callables import is_awaitable
from redisched.codec import decode_failures
from redisched.context import checkpoints_of, free_slots, reports_of
from redisched.engine import completion
from redisched.engine.around import call_in_thread
from redisched.engine.attempt import Attempt
from redisched.engine.checkpoints import CheckpointSaver
from redisched.engine.completion import Completion
from redisched.engine.leased_task import LeasedTask
from redisched.engine.note_start import note_start
from redisched.engine.readable_errors import readable
from redisched.engine.report_buffer import ReportBuffer
from redisched.engine.reporter import Reporter
from redisched.engine.settler import edge_of
from redisched.engine.slot import call_handler
from redisched.engine.telling_policy import policy_of
from redisched.engine.time_limit import SoftLimit
from redisched.engine.worker_context import WorkerContext
from redisched.errors import HandlerTimedOut, Interruption, TaskFailed
from redisched.model import Isolation
from redisched.registry import HandlerEntry
from redisched.retry import Reject, RetryLater, Snooze
from redisched.store.operation import run
from redisched.store.values import Bury
from redisched.testing.direct_events import DirectEvents
from redisched.testing.servers import BlockingAsyncClient, VirtualBroker
from redisched.testing.virtual_loop import VirtualLoops

_MEANT = (Snooze, RetryLater, Reject)
"""What a handler raises to say what becomes of its task."""
_OF_HANDLERS = (Exception, *_MEANT, Interruption, asyncio.CancelledError, GeneratorExit, SystemExit)
"""What ends an attempt. Other errors are meant for the test, such as those of pytest.fail and Ctrl-C."""


class TaskRunner:
    """Runs the tasks of one test."""

    def __init__(
        self, context: WorkerContext, broker: VirtualBroker, loops: VirtualLoops, events: DirectEvents
    ) -> None:
        self._context = context
        self._client = broker.client()
        self._loops = loops
        self._events = events
        self._policy = policy_of(context, events)
        self._handler_context = copy_context()
        self._handler_context.run(free_slots.set, lambda: 1)
        self._handler_context.run(call_in_thread.set, asyncio.to_thread)
        self._handler_context.run(checkpoints_of.set, CheckpointSaver(context, broker).of)
        self._handler_context.run(reports_of.set, self._report_of)

    def run(self, task: LeasedTask) -> BaseException | None:
        """Run a task, and settle what became of it. Answers the error by which it failed, None if it did not fail."""
        admitted = self._policy.admit(task, self._context.clock.monotonic())
        if isinstance(admitted, Completion):
            return self._settle(admitted)
        if admitted.is_start_noted:
            noting = note_start(self._context, BlockingAsyncClient(self._client), admitted)
            if not self._loops.run(noting, copy_context()):
                return self._settle(completion.released(task))
        admitted.entry = _here(admitted.entry)
        return self._attempt(admitted)

    def _attempt(self, attempt: Attempt) -> BaseException | None:
        self._policy.started(attempt, self._context.server_now_ms())
        if attempt.timeout_ms:
            attempt.task.time_limit = SoftLimit(self._context.clock.monotonic, attempt.timeout_ms / 1e3)
        try:
            result = self._call(attempt)
        except BaseException as raised:
            error = readable(raised)
            if not _ends_attempt(error):
                self._settle(completion.released(attempt.task))
                raise
            self._settle(self._policy.raised(attempt, error))
            return None if isinstance(error, _MEANT) else error
        return self._settle(self._policy.returned(attempt, result))

    def _call(self, attempt: Attempt) -> Any:
        context, limit = self._handler_context.copy(), attempt.task.time_limit
        if attempt.entry.is_async:
            return self._loops.run(_timed(lambda: call_handler(attempt), limit), context)
        result = context.run(call_handler, attempt)
        if is_awaitable(result):
            return self._loops.run(_timed(lambda: result, limit), context)
        return result

    def _report_of(self, task: LeasedTask) -> ReportBuffer:
        """What the handler of a task tells of its progress. It is sent before the task is settled."""
        if task.report is None:
            task.report = ReportBuffer(task.lease.attempts + 1, self._context.server_now_ms, lambda: None)
        return task.report

    def _settle(self, outcome: Completion) -> TaskFailed | None:
        """Settle what became of a task. Answers why it is dead, if it is buried."""
        settlement = outcome.settlement
        if settlement is None:
            self._events.forget(outcome.task)
            return None
        store = self._context.store_of(outcome.task)
        run(Reporter.sending(store, [outcome.task]), self._client)
        (status,) = run(edge_of(store, type(settlement))([settlement]), self._client)
        self._events.settled(outcome, status)
        if not isinstance(settlement, Bury):
            return None
        (failure,) = decode_failures(settlement.failure)
        return TaskFailed(settlement.id, failure.reason, failure.error, failure.traceback)


def _ends_attempt(error: BaseException) -> bool:
    """Whether this error is that of an attempt, and not meant for the test. Ctrl-C never comes in a group."""
    if isinstance(error, BaseExceptionGroup) and not isinstance(error, Exception):
        return all(_ends_attempt(one) or isinstance(one, KeyboardInterrupt) for one in map(readable, error.exceptions))
    return isinstance(error, _OF_HANDLERS)


def _here(entry: HandlerEntry) -> HandlerEntry:
    """An isolated handler as one that runs in this process."""
    if not entry.is_isolated:
        return entry
    return replace(entry, options=replace(entry.options, isolation=Isolation.NONE))


class _TimeLimit:
    """Cancels the asyncio Task of a handler once its time is over."""

    def __init__(self, limit: SoftLimit) -> None:
        self._limit = limit
        self._task = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self.is_over = False
        self._look()

    def _look(self) -> None:
        # The handler may have moved the limit meanwhile.
        if remaining_s := self._limit.remaining_s():
            self._timer = asyncio.get_running_loop().call_later(remaining_s, self._look)
        elif self._task is not None:
            self.is_over = True
            self._task.cancel()

    def end(self) -> None:
        """The handler has ended."""
        if self._timer is not None:
            self._timer.cancel()


async def _timed(begin: Callable[[], Awaitable[Any]], soft_limit: SoftLimit | None) -> Any:
    """Await what `begin` returns. Raises HandlerTimedOut in it once the limit is over."""
    if soft_limit is None:
        return await begin()
    limit = _TimeLimit(soft_limit)
    try:
        return await begin()
    except asyncio.CancelledError:
        if not limit.is_over:
            raise
        raise HandlerTimedOut from None
    finally:
        limit.end()
