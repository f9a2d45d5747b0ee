"""A process that runs some of a worker's services, and no more of a worker."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from redisched.backoff import Backoff
from redisched.engine.service import RetryState, Service
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable
from redisched.store.operation import run_async
from redisched.store.schedule_store import ScheduleStore
from redisched.store.store import Store
from tests.simulation.plan import QUEUE, Plan
from tests.simulation.process import Process
from tests.simulation.worker_process import StartedInMemory


class ServiceProcess(Process):
    """What such processes have in common."""

    def context_of(self, plan: Plan, stores: dict[tuple[str, int], Store]) -> WorkerContext:
        """The context of the worker that it stands for."""
        return WorkerContext(
            worker=self.name,
            settings=self.app.settings,
            worker_settings=plan.worker_settings,
            registry=self.app.registry,
            stores=stores,
            window=Window(0.0, 0.0),
            started=StartedInMemory(),
            clock=self.clock,
            random=self.kernel.random.random,
        )

    async def read_time(self, context: WorkerContext) -> None:
        """Learn the server's time, as a worker does with every claim."""
        client = self.app.broker.async_client()
        sent_s = self.clock.monotonic()
        with suppress(BrokerUnavailable):
            now_ms = await run_async(ScheduleStore(self.app.broker.script_runner, QUEUE).now_ms(), client)
            context.server_clock.observe(sent_s, self.clock.monotonic(), 1_000 * now_ms)

    def start_service(
        self, name: str, step: Callable[[], Awaitable[float]], changed: asyncio.Event | None = None
    ) -> Service:
        """Start a service; an error that ends it is a defect."""
        retry_state = RetryState(name, Backoff(base_s=0.1, cap_s=1.0), self.kernel.random.random)
        service = Service(step, changed or asyncio.Event(), retry_state)
        service.task.add_done_callback(self._note_end)
        return service

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.loop.defects.append(error)
