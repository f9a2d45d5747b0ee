"""Runs handlers: a fixed set of slots takes tasks out of the window and turns each into a completion.

It never calls Redis. Each slot has one runner coroutine, which awaits async handlers directly: an asyncio Task for each
task would cost more than many handlers do. Sync handlers run in threads, isolated ones in processes.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextvars import copy_context
from functools import partial
from typing import Any, TypeAlias, cast

from redisched.context import checkpoints_of, free_slots, reports_of, running
from redisched.engine import completion
from redisched.engine.alarm import MakeAlarm, make_alarm
from redisched.engine.around import call_in_thread
from redisched.engine.attempt import Attempt, WorkerStopping
from redisched.engine.completion import Completion
from redisched.engine.event_teller import EventTeller
from redisched.engine.hooks import Hooks
from redisched.engine.idle_slots import IdleSlots
from redisched.engine.isolation.call import IsolatedCall
from redisched.engine.isolation.pool import ProcessPool
from redisched.engine.leased_task import LeasedTask
from redisched.engine.runners import Runners
from redisched.engine.running_handlers import RunningHandlers
from redisched.engine.signal_handlers import SignalHandlers
from redisched.engine.slot import HandlerSlot, Unfinished, call_handler
from redisched.engine.start_rate import StartRate
from redisched.engine.task_log import log_about
from redisched.engine.telling_policy import policy_of
from redisched.engine.threads import Call, Threads
from redisched.engine.worker_context import WorkerContext
from redisched.errors import Interruption

UNWIND_S = 1.0
"""Handlers that are interrupted when a worker stops have so long to clean up."""
YIELD_S = 0.0005
"""After so long a row of handlers that await nothing lets the event loop run other coroutines."""

Follower: TypeAlias = LeasedTask | Unfinished | None
"""What a thread leaves to the runner of its slot: a task that cannot run in a thread, or the rest of one that has."""
Rest: TypeAlias = Coroutine[Any, Any, LeasedTask | None]
"""What is left of a task whose handler waits for something; answers a task to be run next, if there is one already."""


class Executor:
    """The slots of one worker process. Make it inside the running event loop."""

    def __init__(
        self, context: WorkerContext, make_alarm: MakeAlarm = make_alarm, events: EventTeller | None = None
    ) -> None:
        self._context = context
        self._window = context.window
        self._started = context.started
        self._concurrency = context.worker_settings.concurrency
        self._policy = policy_of(context, events)
        self._threads = Threads(self._concurrency)
        self._processes = ProcessPool(context.target, context.worker_settings)
        self._running = RunningHandlers()
        self._idle = IdleSlots(context, make_alarm)
        self._followers: dict[HandlerSlot, asyncio.Future[Follower]] = {}
        self._handler_context = copy_context()
        self._handler_context.run(free_slots.set, lambda: self.free)
        self._signal_handlers = SignalHandlers()
        self._runners = Runners(self._serve)
        self._stopping = False
        self._yielded_s = 0.0
        self.start_rate = StartRate()

    @property
    def free(self) -> int:
        """Slots in which nothing runs."""
        return self._concurrency - len(self._running)

    @property
    def failure(self) -> asyncio.Future[None]:
        """Done once a slot has died, and holds its error. Only a defect of redisched can be the cause."""
        return self._runners.failure

    def start(self, hooks: Hooks) -> None:
        """Start to run tasks from the window."""
        self._hooks = hooks
        self._handler_context.run(checkpoints_of.set, hooks.checkpoints.of)
        self._handler_context.run(call_in_thread.set, self._call_in_thread)
        self._handler_context.run(reports_of.set, hooks.reporter.of)
        for number in range(self._concurrency):
            self._runners.begin(HandlerSlot(number, self._threads, self._thread_ended))

    def offer(self, tasks: int) -> None:
        """Wake as many idle slots as tasks came into the window or fell due."""
        self._idle.wake(tasks)

    def interrupt(self, task: LeasedTask, kind: type[Interruption]) -> None:
        """Interrupt a handler. Does nothing if it does not run."""
        task.is_told_to_end = True
        if slot := self._running.get(task):
            slot.interrupt(kind)

    def running(self) -> list[LeasedTask]:
        """The tasks whose handlers have not ended. Safe from any thread."""
        return self._running.unended()

    def abandon(self, stuck: Iterable[LeasedTask]) -> None:
        """Stop waiting for handlers that do not end."""
        self._running.abandon(stuck)

    async def drain(self) -> None:
        """Wait until every handler has ended, but for the abandoned ones."""
        await self._running.drain()

    async def stop(self) -> None:
        """End the runners and interrupt handlers that still run. Their tasks are given back, unless they were
        interrupted for another reason before.
        """
        self._stopping = True
        self._runners.let_end()
        for slot in list(self._running.values()):
            slot.interrupt(WorkerStopping)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNWIND_S):
                await self.drain()
        await self._runners.stop(UNWIND_S)
        for task, slot in self._running.items():
            log_about(logging.WARNING, task, "has a handler that has not ended")
            self._hooks.on_completion(self._policy.unended(task, slot.interruption or WorkerStopping))
        self._threads.stop()
        self._processes.stop()
        self._idle.close()

    async def _serve(self, slot: HandlerSlot) -> None:
        """Run tasks in a slot, until a handler may have left a cancellation or the like in this asyncio Task."""
        clock, server_clock, on_free = self._context.clock, self._context.server_clock, self._hooks.on_free
        follower: LeasedTask | None = None
        serving = asyncio.current_task()
        assert serving is not None
        slot.serve_in(serving)
        while not (self._stopping or slot.has_leftovers):
            now_s = clock.monotonic()
            now_ms = server_clock.now_ms(now_s)
            task = follower or self._window.pop(now_ms)
            if task is None:
                on_free()
                await self._idle.wait()
                continue
            try:
                follower, rest = None, self._run(slot, task, now_s, now_ms)
                if rest is not None:
                    on_free()
                    follower = await rest
            except Exception:
                # This is a defect, which ends the worker. Nobody shall wait for the tasks of this slot.
                self._running.forget(slot)
                raise
            # Handlers that await nothing would block the event loop.
            if now_s - self._yielded_s > YIELD_S:
                on_free()
                await asyncio.sleep(0)
                self._yielded_s = clock.monotonic()
                self._policy.refresh_log_level()

    def _run(self, slot: HandlerSlot, task: LeasedTask, now_s: float, now_ms: float) -> Rest | None:
        """Run a task to its end, or answer a coroutine for the rest. If tasks follow in a thread, the rest answers the
        first that cannot run in a thread.
        """
        # No coroutine for each task: it would cost more than many handlers that wait for nothing.
        self._running[task] = slot
        admitted = self._policy.admit(task, now_s)
        if isinstance(admitted, Completion):
            self._end(task, admitted)
            return None
        return self._note_start(slot, admitted) if admitted.is_start_noted else self._call(slot, admitted, now_ms)

    async def _note_start(self, slot: HandlerSlot, attempt: Attempt) -> LeasedTask | None:
        # If the process dies, it is known that this task was running.
        if not await self._hooks.note_start(attempt):
            self._end(attempt.task, completion.released(attempt.task))
            return None
        rest = self._call(slot, attempt, self._context.server_now_ms())
        return None if rest is None else await rest

    def _call(self, slot: HandlerSlot, attempt: Attempt, now_ms: float) -> Rest | None:
        if not attempt.entry.on_loop:
            return self._run_in_thread(slot, attempt, now_ms)
        self._begin(slot, attempt, now_ms)
        return self._run_on_loop(slot, attempt)

    def _run_on_loop(self, slot: HandlerSlot, attempt: Attempt, begun: Awaitable[Any] | None = None) -> Rest | None:
        try:
            if begun is None:
                result, rest = slot.run(self._handler_context.copy(), call_handler, attempt)
            else:
                result, rest = slot.go_on(begun)
        except BaseException as error:
            outcome = self._policy.raised(attempt, error)
        else:
            if rest is not None:
                return self._finish(slot, attempt, rest)
            outcome = self._policy.returned(attempt, result)
        self._end_on_loop(slot, attempt, outcome)
        return None

    async def _finish(self, slot: HandlerSlot, attempt: Attempt, rest: Awaitable[Any]) -> None:
        try:
            result = await rest
        except BaseException as error:
            outcome = self._policy.raised(attempt, error)
        else:
            outcome = self._policy.returned(attempt, result)
        self._end_on_loop(slot, attempt, outcome)

    def _end_on_loop(self, slot: HandlerSlot, attempt: Attempt, outcome: Completion) -> None:
        self._signal_handlers.restore()
        self._started.leave(slot.number)
        self._end(attempt.task, outcome)

    async def _run_in_thread(self, slot: HandlerSlot, attempt: Attempt, now_ms: float) -> LeasedTask | None:
        following: asyncio.Future[Follower] = asyncio.get_running_loop().create_future()
        self._followers[slot] = following
        self._begin_in_thread(slot, attempt, now_ms)
        follower = await following
        if not isinstance(follower, Unfinished):
            return follower
        rest = self._run_on_loop(slot, follower.attempt, follower.rest)
        return None if rest is None else await rest

    def _begin(self, slot: HandlerSlot, attempt: Attempt, now_ms: float) -> None:
        self._policy.started(attempt, now_ms)
        slot.begin(attempt)
        lease = attempt.task.lease
        self._started.enter(slot.number, attempt.task.queue, lease.id, lease.token)

    def _begin_in_thread(self, slot: HandlerSlot, attempt: Attempt, now_ms: float) -> None:
        if attempt.entry.is_isolated:
            # Not noted as started: an isolated handler cannot make this process die.
            self._policy.started(attempt, now_ms)
            order = attempt.order(self.free, self._context.server_ahead_ms())
            save = partial(self._hooks.checkpoints.save, attempt.task)
            report = partial(self._hooks.reporter.of, attempt.task)
            slot.run_isolated(attempt, IsolatedCall(self._processes, order, attempt.grace_s, save, report))
            return
        self._begin(slot, attempt, now_ms)
        slot.run_in_thread(attempt, self._handler_context)

    def _call_in_thread(self, function: Callable[[], Any]) -> Awaitable[Any]:
        return self._running[cast(LeasedTask, running.get())].await_in_thread(function)

    def _thread_ended(self, slot: HandlerSlot, attempt: Attempt, call: Call, rest: Awaitable[Any] | None) -> None:
        error, call.error = call.error, None  # otherwise error, traceback, frame and call would be a reference cycle
        try:
            if rest is not None:
                self._leave_to_runner(slot, Unfinished(attempt, rest))
                return
            self._started.leave(slot.number)
            if error is None:
                self._end(attempt.task, self._policy.returned(attempt, call.result))
            else:
                self._end(attempt.task, self._policy.raised(attempt, error))
            self._follow_in_thread(slot)
            self._hooks.on_free()
        except Exception as error:
            self._followers.pop(slot).set_exception(error)

    def _follow_in_thread(self, slot: HandlerSlot) -> None:
        """Start the best due task in a thread, or leave it to the slot's runner if it cannot run in a thread."""
        following = None
        while not self._stopping:
            now_s = self._context.clock.monotonic()
            now_ms = self._context.server_clock.now_ms(now_s)
            following = self._window.pop(now_ms)
            if following is None:
                break
            self._running[following] = slot
            admitted = self._policy.admit(following, now_s)
            if isinstance(admitted, Completion):
                self._end(following, admitted)
            elif admitted.entry.on_loop or admitted.is_start_noted:
                break
            else:
                self._begin_in_thread(slot, admitted, now_ms)
                return
        self._leave_to_runner(slot, following)

    def _leave_to_runner(self, slot: HandlerSlot, follower: Follower) -> None:
        waiter = self._followers.pop(slot)
        if not waiter.done():
            waiter.set_result(follower)

    def _end(self, task: LeasedTask, outcome: Completion) -> None:
        self._running.pop(task, None)
        if task.is_suspect:
            self._window.ended(task)
        self.start_rate.count()
        self._hooks.on_completion(outcome)
        if task.is_suspect:
            self.offer(1)
        if self._running.is_drain_awaited:
            self._running.tell_if_drained()
