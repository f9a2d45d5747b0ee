"""A claimer on a fake server, without listeners and without busy slots: what it claims stays in the window."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from redisched import Scheduler
from redisched.config import WorkerSettings
from redisched.engine.claiming.claimer import Claimer
from redisched.engine.executor import Executor
from redisched.engine.reporter import Reporter
from redisched.engine.settler import Settler
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.operation import Command
from redisched.store.store import Store
from tests.brokers import fake_broker
from tests.engine.leases import WORKER


class LossyClient:
    """A client whose next replies are lost after the server has executed the commands."""

    def __init__(self, client: AsyncBrokerClient) -> None:
        self._client = client
        self.losses = 0

    async def perform(self, command: Command) -> Any:
        return self._lose(await self._client.perform(command))

    async def perform_last(self, *commands: Command) -> Any:
        return self._lose(await self._client.perform_last(*commands))

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return await self._client.perform_all(commands)

    async def subscribe(self, channel: str) -> Any:
        return await self._client.subscribe(channel)

    async def primaries(self) -> Any:
        return await self._client.primaries()

    async def close(self) -> None:
        await self._client.close()

    def _lose(self, reply: Any) -> Any:
        if self.losses:
            self.losses -= 1
            raise BrokerUnavailable("cut", 0.0)
        return reply


class Bench:
    """A claimer of a worker whose slots take nothing out of its window. Its clock stands still."""

    def __init__(self, broker: Broker, settings: WorkerSettings) -> None:
        self.app = Scheduler(broker=broker)
        self.broker = broker
        self.elapsed_s = 0.0
        self.context = WorkerContext(
            worker=WORKER,
            settings=self.app.settings,
            worker_settings=settings,
            registry=self.app.registry,
            stores={(queue, 0): Store(broker.script_runner, queue) for queue in settings.queues},
            window=Window(settings.window_ms, settings.release_after_ms),
            started=NoStartedTable(),
            clock=self,
            random=lambda: 0.0,
        )
        self.client = LossyClient(broker.open_async_client(5.0, "test"))
        self.settler = Settler(self.context, self.client, Reporter(self.context, self.client))
        self.claimer = Claimer(self.context, self.client, Executor(self.context), self.settler)
        for store in self.context.stores.values():
            self.claimer.serve(store)

    def monotonic(self) -> float:
        """A clock that stands still."""
        return self.elapsed_s

    def store(self, queue: str = "default") -> Store:
        return self.context.stores[queue, 0]

    async def enqueue(self, count: int, **options: Any) -> None:
        await self.app.enqueue_many_async([self.app.request("work", **options) for _ in range(count)])

    def wakes(self, queue: str = "default") -> int:
        return int(self.broker.client().perform(("LLEN", keys_of(queue).wake)))

    def waiting(self, queue: str = "default") -> int:
        """How many tasks wait, leased by no worker."""
        return int(self.broker.client().perform(("ZCARD", keys_of(queue).waiting)))

    def lose_replies(self, count: int) -> None:
        """Lose the replies to the next commands."""
        self.client.losses = count

    async def is_idle(self) -> bool:
        """Whether a listener would wait for wake-ups now."""
        idling = asyncio.ensure_future(self.claimer.until_idle())
        await asyncio.sleep(0)
        is_idle = idling.done()
        idling.cancel()
        return is_idle


def on_bench(use: Callable[[Bench], Coroutine[Any, Any, None]], **settings: Any) -> None:
    async def main() -> None:
        bench = Bench(fake_broker(), WorkerSettings(**{"queues": ("default",), **settings}))
        await use(bench)
        await bench.client.close()
        await bench.broker.close_async()

    asyncio.run(main())
