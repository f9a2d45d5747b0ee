"""What a router needs of whoever enqueues."""

from collections.abc import Callable
from typing import Protocol

from redisched.config import Durability
from redisched.routing.shard_map_cache import ShardMapCache
from redisched.store.operation import RetryPolicy, ScriptRunner
from redisched.store.store import Store


class Shards(Protocol):
    """The shards of the queues on one Redis."""

    shard_maps: ShardMapCache
    monotonic: Callable[[], float]

    @property
    def script_runner(self) -> ScriptRunner:
        """How scripts are called there."""
        ...

    def retry_policy(self, began_s: float | None = None) -> RetryPolicy:
        """The retry policy of a call that began at this monotonic moment, or begins now."""
        ...

    def store(self, queue: str, shard: int = 0, durable: Durability = Durability.NONE) -> Store:
        """The edges of a shard; its enqueues wait as `durable` says."""
        ...
