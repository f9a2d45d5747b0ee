"""The Redis behind the API, and which secrets of its tasks are hidden."""

from collections.abc import Callable

from redisched.client.async_reader import AsyncReader
from redisched.client.connection import Connection
from redisched.client.scheduler import Scheduler
from redisched.redaction import Redactor
from redisched.store.operation import Operation, T
from redisched.web.problems import not_found


class Redis(AsyncReader):
    """Runs operations. Its errors are those of redisched.errors, and Problem."""

    def __init__(self, scheduler: Scheduler, redactor: Redactor) -> None:
        super().__init__(scheduler)
        self.redactor = redactor

    async def run_on(self, make: Callable[[Connection], Operation[T]]) -> T:
        """Run an operation that repeats its own steps."""
        connection = await self.open()
        return await connection.run_async(make(connection))

    async def expect_queue(self, queue: str) -> None:
        """Raises Problem if there is no such queue."""
        if queue not in await self.queues():
            raise not_found("no_such_queue", f"there is no queue {queue!r}; see api/v1/queues")
