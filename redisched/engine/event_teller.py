"""Tells the functions of an application what became of its tasks, after Redis has accepted it.

They run one after the other, apart from everything else: an event changes no outcome and delays no task.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from redisched.callables import is_awaitable, is_coroutine_function, label_of
from redisched.codec import decode_failure
from redisched.engine.completion import Completion
from redisched.engine.forks import FORK_BORDER
from redisched.engine.isolation.endings import ProcessDied, RaisedInside, ResultUnstorable
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.own_task import own_task
from redisched.engine.threads import Threads, settle_future
from redisched.events import AttemptFailure, EventFunctions, WorkerInfo
from redisched.model import DeathReason
from redisched.store.values import Ack, Bury, Crash, FailedAttempt, SnoozedTask, Status

MOST = 10_000
"""So many events may wait. Those that come meanwhile are not told: they must not use up the memory."""
STOP_S = 10.0
"""A stopping worker waits so long for the events that are not told yet, and for functions that are told of its stop."""
_FROM_ANOTHER_PROCESS = (ProcessDied, RaisedInside, ResultUnstorable)
_REFUSED = {Status.LOST, Status.NOT_AGAIN}


class Returned(NamedTuple):
    """A handler returned this result."""

    result: Any


class EventTeller:
    """Tells the events of one worker process, in the order in which they happened."""

    def __init__(self, functions: EventFunctions) -> None:
        self._functions = functions
        self._ends: dict[LeasedTask, Returned | BaseException] = {}
        self._events: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue(MOST)
        self._untold = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._threads = Threads(1)
        self._task = own_task(self._serve())

    async def stop(self, worker: WorkerInfo) -> None:
        """Tell what waits, and that the worker stops."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._events.join()
                await self.tell("on_worker_stop", worker)
        except TimeoutError:
            log.warning("events: not all were told within %g s; %d wait", STOP_S, self._events.qsize())
        if self._task is not None:
            self._task.cancel()
        self._threads.stop()

    async def tell(self, event: str, *arguments: Any) -> None:
        """Call the functions of an event now. Never raises what they raise."""
        for function in self._functions.of(event):
            try:
                await self._call(function, arguments)
            except asyncio.CancelledError:
                told_by = asyncio.current_task()
                if told_by is None or told_by.cancelling():
                    raise
                log.error("event %s: %s was cancelled", event, label_of(function))
            except BaseException as error:
                log.error("event %s: %s raised", event, label_of(function), exc_info=error)

    def handler_ended(self, task: LeasedTask, end: Returned | BaseException) -> None:
        """Note how a handler ended, for when this is settled."""
        self._ends[task] = end

    def settled(self, completion: Completion, status: Status) -> None:
        """A completion was settled; tell what became of the task."""
        task, settlement = completion
        end = self._ends.pop(task, None)
        if status in _REFUSED:
            return
        if status is Status.CANCELLED:
            self._happened("on_cancelled", task)
            return
        match settlement:
            case Ack() if isinstance(end, Returned):
                self._happened("on_success", task, end.result)
            case Ack():
                self._happened("on_cancelled", task)
            case FailedAttempt():
                self._failed(task, settlement.failure, end, settlement.delay_ms, is_dead=status is Status.BURIED)
            case Crash():
                self._failed(task, settlement.failure, end, 0, is_dead=status is Status.QUARANTINED)
            case Bury():
                self._failed(task, settlement.failure, end, None, is_dead=True)
            case SnoozedTask() if status is Status.BURIED:
                self._happened("on_dead", task, AttemptFailure(error=DeathReason.DEADLINE, reason=DeathReason.DEADLINE))

    def forget(self, task: LeasedTask) -> None:
        """The lease of a task was lost: another worker tells what becomes of it."""
        self._ends.pop(task, None)

    def _failed(
        self,
        task: LeasedTask,
        encoded: bytes,
        end: Returned | BaseException | None,
        delay_ms: int | None,
        *,
        is_dead: bool,
    ) -> None:
        stored = decode_failure(encoded)
        is_raised_here = isinstance(end, BaseException) and not isinstance(end, _FROM_ANOTHER_PROCESS)
        failure = AttemptFailure(
            error=stored.error,
            traceback=stored.traceback,
            reason=(stored.reason or DeathReason.DEADLINE) if is_dead else "",
            retry_in_s=None if is_dead or delay_ms is None else delay_ms / 1e3,
            exception=end if is_raised_here and isinstance(end, BaseException) else None,
        )
        if end is not None:
            self._happened("on_failure", task, failure)
        self._happened("on_dead" if is_dead else "on_retry", task, failure)

    def _happened(self, event: str, task: LeasedTask, *more: Any) -> None:
        if not self._functions.of(event):
            return
        try:
            self._events.put_nowait((event, (task.task_context(), *more)))
        except asyncio.QueueFull:
            if self._untold % MOST == 0:
                log.warning("events: %d wait, and more are not told; the functions take too long", MOST)
            self._untold += 1

    async def _serve(self) -> None:
        while True:
            event, arguments = await self._events.get()
            try:
                await self.tell(event, *arguments)
            finally:
                self._events.task_done()

    async def _call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if is_coroutine_function(function):
            with FORK_BORDER:
                await function(*arguments)
            return
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._threads.call(partial(function, *arguments), partial(settle_future, future))
        result = await future
        if is_awaitable(result):
            await result


@asynccontextmanager
async def telling_events(teller: EventTeller | None, worker: WorkerInfo) -> AsyncIterator[None]:
    """Tell that a worker starts, then the events of its tasks meanwhile, and then that it stops."""
    if teller is None:
        yield
        return
    teller.start()
    await teller.tell("on_worker_start", worker)
    try:
        yield
    finally:
        await teller.stop(worker)
