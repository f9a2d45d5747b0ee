"""The Redis behind the API: operations of the store, run under asyncio with the retries of one call."""

from collections.abc import Callable
from functools import partial

from redisched.client.connection import Connection
from redisched.client.scheduler import Scheduler
from redisched.store.inspect import Inspector, queues
from redisched.store.operation import Operation, ScriptRunner, T, with_retries
from redisched.web.problems import not_found
from redisched.web.redaction import Redactor


class Redis:
    """Runs operations. Its errors are those of redisched.errors."""

    def __init__(self, scheduler: Scheduler, redactor: Redactor) -> None:
        self.scheduler = scheduler
        self.redactor = redactor

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

    async def run_on(self, make: Callable[[Connection], Operation[T]]) -> T:
        """Run an operation that repeats its own steps."""
        connection = await self.open()
        return await connection.run_async(make(connection))

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

    async def expect_queue(self, queue: str) -> None:
        """Raises Problem if there is no such queue."""
        if queue not in await self.queues():
            raise not_found("no_such_queue", f"there is no queue {queue!r}; see api/v1/queues")
