"""An executor of two slots without Redis, for tests: its clock stands still, its completions are kept."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from redisched import Scheduler
from redisched.config import Settings, WorkerSettings
from redisched.engine.attempt import Attempt
from redisched.engine.checkpoints import CheckpointSaver
from redisched.engine.completion import Completion
from redisched.engine.executor import Executor
from redisched.engine.hooks import Hooks
from redisched.engine.leased_task import LeasedTask
from redisched.engine.reporter import Reporter
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.model import TaskBody
from redisched.store.broker import connect
from tests.engine.leases import NOW_MS, WORKER, leased_task


class StillClock:
    """Stands at 10 s, when the server's time is NOW_MS, until it is moved."""

    def __init__(self) -> None:
        self.now_s = 10.0

    def monotonic(self) -> float:
        return self.now_s


class CountingWindow(Window):
    """Counts how often the executor asks when the next task is due."""

    def __init__(self) -> None:
        super().__init__(20.0, 100.0)
        self.asked = 0

    def next_due_ms(self) -> int | None:
        self.asked += 1
        return super().next_due_ms()


class Noted(NoStartedTable):
    """What a supervisor would read: which task runs in which slot."""

    def __init__(self, tasks: dict[int, str]) -> None:
        self._tasks = tasks

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None:
        self._tasks[slot] = task_id

    def leave(self, slot: int) -> None:
        self._tasks.pop(slot, None)


class Bench:
    """An executor of two slots with handlers, and the completions it has given."""

    def __init__(self, app: Scheduler, target: str, **settings: Any) -> None:
        self.started: dict[int, str] = {}
        self.clock = StillClock()
        self.window = CountingWindow()
        self.context = WorkerContext(
            worker=WORKER,
            settings=Settings(),
            worker_settings=WorkerSettings(concurrency=2, **settings),
            registry=app.registry,
            stores={},
            window=self.window,
            started=Noted(self.started),
            clock=self.clock,
            random=lambda: 0.0,
            target=target,
        )
        self.context.server_clock.observe(10.0, 10.0, NOW_MS * 1000)
        self.completions: asyncio.Queue[Completion] = asyncio.Queue()
        self.still_mine = True
        self.executor = Executor(self.context)
        broker = connect("redis://127.0.0.1:1", 1.0)
        self.executor.start(
            Hooks(
                on_completion=self.completions.put_nowait,
                on_free=lambda: None,
                note_start=self._note_start,
                checkpoints=CheckpointSaver(self.context, broker),
                reporter=Reporter(self.context, broker.async_client()),
            )
        )

    async def _note_start(self, attempt: Attempt) -> bool:
        return self.still_mine

    def give(self, name: str, *args: Any, id: str = "a", timeout_ms: int | None = None, **fields: Any) -> LeasedTask:
        """Put a task into the window."""
        task = leased_task(id, body=TaskBody(name, args, timeout_ms=timeout_ms), **fields)
        self.window.add([task], self.context.server_now_ms())
        self.executor.offer(1)
        return task

    async def completion(self) -> Completion:
        return await asyncio.wait_for(self.completions.get(), 10)

    async def settlements(self, count: int) -> set[str]:
        return {type((await self.completion()).settlement).__name__ for _ in range(count)}

    async def turn(self, times: int = 20) -> None:
        """Let the event loop run the callbacks that are ready."""
        for _ in range(times):
            await asyncio.sleep(0)


def on_bench(
    app: Scheduler, use: Callable[[Bench], Coroutine[Any, Any, None]], target: str = "", **settings: Any
) -> None:
    async def main() -> None:
        bench = Bench(app, target, **settings)
        try:
            await use(bench)
        finally:
            await asyncio.wait_for(bench.executor.stop(), 10)

    asyncio.run(main())
