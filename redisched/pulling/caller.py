"""What pulling needs of an application's connection to Redis."""

from collections.abc import Callable
from typing import Any, Protocol

from redisched.clock import Clock
from redisched.config import Settings
from redisched.store.broker import Broker
from redisched.store.operation import Operation, RetryPolicy, T


class Caller(Protocol):
    """Runs operations for a program, blocking or under asyncio. `virtual_clock` is that of a test, None outside of one.
    `pullers` is where pullers are kept, by process, queue and length of their leases.
    """

    settings: Settings
    random: Callable[[], float]
    pullers: dict[tuple[int, str, int], Any]

    @property
    def broker(self) -> Broker: ...
    @property
    def virtual_clock(self) -> Clock | None: ...
    def run(self, operation: Operation[T], call: str) -> T: ...
    async def run_async(self, operation: Operation[T]) -> T: ...
    async def open_async(self) -> Broker: ...
    def retry_policy(self) -> RetryPolicy: ...
