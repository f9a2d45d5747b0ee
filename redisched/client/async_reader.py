"""Reads a keyspace under asyncio, for what shows it to people: the JSON API and `redisched top`."""

from collections.abc import Callable
from functools import partial

from redisched.client.connection import Connection
from redisched.client.scheduler import Scheduler
from redisched.store.inspect import Inspector, queues
from redisched.store.operation import Operation, ScriptRunner, T, with_retries


class AsyncReader:
    """Runs operations with the retries of one call. Its errors are those of redisched.errors."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler

    async def ask(self, make: Callable[[], Operation[T]]) -> T:
        """Run an operation that is safe to repeat."""
        connection = await self.open()
        return await connection.run_async(with_retries(make, connection.retry_policy()))

    async def open(self) -> Connection:
        """The connection, opened. Opening may take a while: the time of a call counts from then on."""
        connection = self.scheduler.connection
        connection.expect_server()
        await connection.open_async()
        return connection

    @property
    def script_runner(self) -> ScriptRunner:
        """How scripts are called; it is known once something was asked."""
        return self.scheduler.connection.script_runner

    def inspector(self, queue: str) -> Inspector:
        return Inspector(self.script_runner, queue)

    async def queues(self) -> list[str]:
        """The names of all queues, sorted."""
        await self.open()
        return await self.ask(partial(queues, self.script_runner))
