"""How a program with a loop of its own looks at a queue, and pulls tasks from it."""

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from redisched.client.connection import Connection
from redisched.conversion.codec import Codec
from redisched.lazy import LazyModule
from redisched.registry import Registry
from redisched.store.operation import Operation, T

if TYPE_CHECKING:
    from redisched.client import waiting_tasks
    from redisched.client.waiting_tasks import WaitingTasks
    from redisched.pulling import claim_block as claims
    from redisched.pulling import every_name as every_names
    from redisched.pulling.claim_block import AsyncClaimBlock, ClaimBlock
    from redisched.queued_task import QueuedTask
else:
    every_names = LazyModule("redisched.pulling.every_name")
    claims = LazyModule("redisched.pulling.claim_block")
    waiting_tasks = LazyModule("redisched.client.waiting_tasks")


class Pulling:
    """The part of the Scheduler for programs that take tasks themselves, instead of a worker."""

    _connection: Connection
    registry: Registry
    codec: Codec | None

    def claim(
        self, queue: str = "default", *, n: int = 1, lease: float | timedelta = 30, wait: float | timedelta = 0
    ) -> "ClaimBlock":
        """Lease up to `n` due tasks of a queue, at most 200, the best first: `with app.claim("mail", n=10) as leases:`.

        While the block runs, the leases are renewed. What was not settled when it ends, however it ends, is given back.
        A program that is killed gives its tasks back `lease` seconds later. `wait` is how many seconds to wait for the
        first task; with none due by then there are no leases. Raises InvalidOption, and the block BrokerUnavailable.
        """
        return claims.ClaimBlock(self._connection, self._every_name, queue, n, lease, wait)

    def claim_async(
        self, queue: str = "default", *, n: int = 1, lease: float | timedelta = 30, wait: float | timedelta = 0
    ) -> "AsyncClaimBlock":
        """As `claim`: `async with app.claim_async("mail", n=10) as leases:`."""
        return claims.AsyncClaimBlock(self._connection, self._every_name, queue, n, lease, wait)

    def pending(self, queue: str = "default", *, n: int = 100, after: str = "") -> "WaitingTasks":
        """The next `n` tasks of a queue, at most 1,000, in the order in which they start; nothing is claimed.

        `after` is the `next` of an earlier answer, "" for the first page. Raises InvalidOption.
        """
        return self._look(waiting_tasks.pending(self._connection, self._every_name, queue, n, after), "pending")

    async def pending_async(self, queue: str = "default", *, n: int = 100, after: str = "") -> "WaitingTasks":
        """As `pending`."""
        return await self._look_async(waiting_tasks.pending(self._connection, self._every_name, queue, n, after))

    def peek(self, queue: str = "default") -> "QueuedTask | None":
        """The task of a queue that starts next, also if it is not due yet; None without one. Nothing is claimed.

        Raises InvalidOption.
        """
        return self._look(waiting_tasks.peek(self._connection, self._every_name, queue), "peek")

    async def peek_async(self, queue: str = "default") -> "QueuedTask | None":
        """As `peek`."""
        return await self._look_async(waiting_tasks.peek(self._connection, self._every_name, queue))

    def count(self, queue: str = "default", *, state: str | Collection[str] | None = None) -> int:
        """How many tasks of a queue wait, or are in a state, or in one of several: "ready", "scheduled" (also for a
        retry), "leased" (also running), "dead". Exact, and costs the same for any number. Raises InvalidOption.
        """
        return self._look(waiting_tasks.count(self._connection, queue, state), "count")

    async def count_async(self, queue: str = "default", *, state: str | Collection[str] | None = None) -> int:
        """As `count`."""
        return await self._look_async(waiting_tasks.count(self._connection, queue, state))

    @property
    def _every_name(self) -> Registry:
        return every_names.EveryName(self.registry, self._connection.settings, self.codec)

    def _look(self, operation: Operation[T], call: str) -> T:
        self._connection.expect_server()
        return self._connection.run(operation, call)

    async def _look_async(self, operation: Operation[T]) -> T:
        self._connection.expect_server()
        return await self._connection.run_async(operation)
