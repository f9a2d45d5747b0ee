"""Runs handlers: a fixed set of slots takes tasks out of the window and turns each into a verdict.

It never touches Redis. One runner coroutine per slot awaits async handlers directly, as a Task for each job would cost
more than many a job; sync handlers run in threads.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redisched.engine import verdict
from redisched.engine.alarm import MakeAlarm, make_alarm
from redisched.engine.attempt import Attempt, Judge, WorkerStopping
from redisched.engine.held import Held
from redisched.engine.link import log
from redisched.engine.pace import Pace
from redisched.engine.slot import Slot
from redisched.engine.threads import Threads
from redisched.engine.verdict import Verdict
from redisched.engine.workspace import Workspace
from redisched.errors import Interruption

UNWIND_S = 1.0
"""Handlers that are ended when a worker stops have so long to tidy up."""
YIELD_S = 0.0005
"""Handlers that await nothing run one after the other for so long before anything else has its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Whom the executor tells. `mark_suspect` writes down that a suspect starts; False when its lease is lost."""

    on_verdict: Callable[[Verdict], None]
    on_free: Callable[[], None]
    mark_suspect: Callable[[Held], Awaitable[bool]]


class Executor:
    """The slots of one worker process. Make it inside the running event loop."""

    def __init__(self, workspace: Workspace, make_alarm: MakeAlarm = make_alarm) -> None:
        self._workspace = workspace
        self._window = workspace.window
        self._concurrency = workspace.worker_settings.concurrency
        self._judge = Judge(workspace)
        self._threads = Threads(self._concurrency)
        self._running: dict[Held, Slot] = {}
        self._idle: deque[asyncio.Future[None]] = deque()
        self._alarm = make_alarm(self._fall_due)
        self.runners: list[asyncio.Task[None]] = []
        self._drained: asyncio.Future[None] | None = None
        self._stopping = False
        self._yielded_s = 0.0
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
        self._set_alarm()

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
        self._alarm.close()

    async def _serve(self, slot: Slot) -> None:
        clock, server_clock = self._workspace.clock, self._workspace.server_clock
        while not self._stopping:
            now_s = clock.monotonic()
            held = self._window.pop(server_clock.now_ms(now_s))
            if held is None:
                waiter = asyncio.get_running_loop().create_future()
                self._idle.append(waiter)
                self._set_alarm()
                await waiter
                continue
            await self._run(slot, held, now_s)
            # Handlers that await nothing would keep the event loop from everything else.
            if now_s - self._yielded_s > YIELD_S:
                await asyncio.sleep(0)
                self._yielded_s = clock.monotonic()

    async def _run(self, slot: Slot, held: Held, now_s: float) -> None:
        self._running[held] = slot
        try:
            if held.is_suspect:
                outcome = await self._run_suspect(slot, held)
            else:
                admitted = self._judge.admit(held, now_s)
                outcome = await self._call(slot, admitted, now_s) if isinstance(admitted, Attempt) else admitted
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

    async def _run_suspect(self, slot: Slot, held: Held) -> Verdict:
        """Should the process die again, it is known which task was running."""
        admitted = self._judge.admit(held, self._workspace.clock.monotonic())
        if not isinstance(admitted, Attempt):
            return admitted
        if not await self._hooks.mark_suspect(held):
            return verdict.released(held)
        return await self._call(slot, admitted, self._workspace.clock.monotonic())

    async def _call(self, slot: Slot, attempt: Attempt, now_s: float) -> Verdict:
        held = attempt.held
        self._judge.started(attempt, now_s)
        self._workspace.started.enter(slot.number, held.queue, held.lease.id)
        try:
            result = await slot.call(attempt)
        except BaseException as error:
            return self._judge.raised(attempt, error)
        finally:
            self._workspace.started.leave(slot.number)
        return self._judge.returned(attempt, result)

    def _set_alarm(self) -> None:
        # Without an idle slot there is nobody to wake: a slot that falls free looks at the window by itself.
        due_ms = self._window.next_due_ms() if self._idle else None
        moment_s = None if due_ms is None else self._workspace.server_clock.monotonic_at(due_ms)
        self._alarm.set(moment_s, self._workspace.clock.monotonic())

    def _fall_due(self) -> None:
        self.offer(len(self._window))
