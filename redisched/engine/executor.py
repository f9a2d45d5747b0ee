"""Runs handlers: a fixed set of slots takes tasks out of the window and turns each into a verdict.

It never touches Redis. One runner coroutine per slot awaits async handlers directly, as a Task for each job would cost
more than many a job; sync handlers run in threads.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redisched.codec import decode_task
from redisched.engine import verdict
from redisched.engine.held import Held
from redisched.engine.link import log
from redisched.engine.pace import Pace
from redisched.engine.slot import Slot
from redisched.engine.threads import Threads
from redisched.engine.verdict import Verdict
from redisched.engine.workspace import Workspace
from redisched.errors import CancelRequested, Interruption, LeaseLost, Undecodable
from redisched.model import DeathReason
from redisched.registry import HandlerEntry

UNWIND_S = 1.0
"""Handlers that are ended when a worker stops have so long to tidy up."""


class WorkerStopping(Interruption):
    """Raised inside a handler that still runs when the worker's grace is over. The task is given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Whom the executor tells. `mark_suspect` writes down that a suspect starts; False when its lease is lost."""

    on_verdict: Callable[[Verdict], None]
    on_free: Callable[[], None]
    mark_suspect: Callable[[Held], Awaitable[bool]]


class Executor:
    """The slots of one worker process. Make it inside the running event loop."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._window = workspace.window
        self._concurrency = workspace.worker_settings.concurrency
        self._payload_limit = workspace.settings.payload_limit
        self._threads = Threads(self._concurrency)
        self._running: dict[Held, Slot] = {}
        self._idle: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.runners: list[asyncio.Task[None]] = []
        self._drained: asyncio.Future[None] | None = None
        self._stopping = False
        self.pace = Pace()

    @property
    def free(self) -> int:
        """Slots in which nothing runs."""
        return self._concurrency - len(self._running)

    def start(self, hooks: Hooks) -> None:
        """Begin to take tasks out of the window."""
        self._hooks = hooks
        slots = [Slot(number, self._threads) for number in range(self._concurrency)]
        self.runners = [asyncio.create_task(self._serve(slot)) for slot in slots]

    def offer(self, tasks: int) -> None:
        """Look at the window again: so many tasks came in or fell due."""
        for _ in range(tasks):
            if not self._idle:
                break
            waiter = self._idle.popleft()
            if not waiter.done():
                waiter.set_result(None)
        self._set_timer()

    def interrupt(self, held: Held, kind: type[Interruption]) -> None:
        """End a running handler from outside; nothing happens if it does not run."""
        slot = self._running.get(held)
        if slot is not None:
            slot.interrupt(kind)

    async def drain(self) -> None:
        """Wait until nothing runs."""
        if self._running:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    async def stop(self) -> None:
        """End the runners; handlers that still run are interrupted and their tasks given back."""
        self._stopping = True
        for slot in list(self._running.values()):
            slot.interrupt(WorkerStopping)
        for _ in range(3):
            await asyncio.sleep(0)
        for runner in self.runners:
            runner.cancel()
        if self.runners:
            await asyncio.wait(self.runners, timeout=UNWIND_S)
        for held in self._running:
            log.warning("task %s of queue %s: its handler refuses to end", held.lease.id, held.queue)
            self._hooks.on_verdict(verdict.released(held))
        self._threads.stop()
        if self._timer is not None:
            self._timer.cancel()

    async def _serve(self, slot: Slot) -> None:
        while not self._stopping:
            held = self._window.pop(self._now_ms())
            if held is None:
                waiter = asyncio.get_running_loop().create_future()
                self._idle.append(waiter)
                if self._timer is None:
                    self._set_timer()
                await waiter
            else:
                await self._run(slot, held)
                await asyncio.sleep(0)

    async def _run(self, slot: Slot, held: Held) -> None:
        self._running[held] = slot
        try:
            outcome = await self._judge(slot, held)
        finally:
            del self._running[held]
            self._window.ended(held)
        self.pace.count()
        self._hooks.on_verdict(outcome)
        self._hooks.on_free()
        if held.is_suspect:
            self.offer(1)
        if self._drained is not None and not self._running and not self._drained.done():
            self._drained.set_result(None)

    async def _judge(self, slot: Slot, held: Held) -> Verdict:
        """Whether the task may start here, and if so what came of it."""
        try:
            body = held.body = decode_task(held.lease.record, self._payload_limit)
        except Undecodable as error:
            reason = DeathReason.UNDECODABLE if held.lease.record else DeathReason.RECORD_LOST
            return verdict.dead(held, reason, str(error), int(self._now_ms()))
        entry = self._workspace.registry.get(body.name)
        if entry is None:
            return self._unroutable(held)
        retention_ms = entry.options.retention_ms if body.retention_ms is None else body.retention_ms
        if held.cancelling:
            return verdict.cancelled(held, retention_ms, int(self._now_ms()), self._payload_limit)
        # A lease that cannot be trusted may be good yet: then the task is another's at once, not at the lease's end.
        if self._workspace.clock.monotonic() >= held.trusted_until_s:
            return verdict.released(held)
        if held.is_suspect and not await self._hooks.mark_suspect(held):
            return verdict.released(held)
        held.max_attempts = body.max_attempts or entry.options.max_attempts
        return await self._call(slot, entry, held, retention_ms)

    async def _call(self, slot: Slot, entry: HandlerEntry, held: Held, retention_ms: int) -> Verdict:
        timeout_ms = entry.options.timeout_ms if held.body.timeout_ms is None else held.body.timeout_ms
        held.started_ms = int(self._now_ms())
        self._workspace.started.enter(slot.number, held.queue, held.lease.id)
        try:
            result = await slot.call(entry, held, timeout_ms)
        except CancelRequested:
            return verdict.cancelled(held, retention_ms, int(self._now_ms()), self._payload_limit)
        except LeaseLost:
            return verdict.lost(held)
        except WorkerStopping:
            return verdict.released(held)
        except BaseException as error:
            return verdict.failed(
                held, error, int(self._now_ms()), self._workspace.worker_settings.retry_backoff, self._workspace.random
            )
        finally:
            self._workspace.started.leave(slot.number)
        return verdict.succeeded(held, result, retention_ms, int(self._now_ms()), self._payload_limit)

    def _unroutable(self, held: Held) -> Verdict:
        offers = held.lease.bounces + 1
        if offers >= self._workspace.worker_settings.unroutable_limit:
            error = f"no worker that was offered it has a handler named {held.body.name!r}"
            return verdict.dead(held, DeathReason.UNROUTABLE, error, int(self._now_ms()))
        pause_s = self._workspace.worker_settings.unroutable_backoff.delay_s(offers, self._workspace.random)
        return verdict.released(held, max(1, round(pause_s * 1e3)))

    def _now_ms(self) -> float:
        return self._workspace.server_now_ms()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # Without an idle slot there is nobody to wake: a slot that falls free looks at the window by itself.
        due_ms = self._window.next_due_ms() if self._idle else None
        if due_ms is not None:
            due_s = self._workspace.server_clock.monotonic_at(due_ms)
            delay_s = max(0.0, due_s - self._workspace.clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._fall_due)

    def _fall_due(self) -> None:
        self._timer = None
        self.offer(len(self._window))
