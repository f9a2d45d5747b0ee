"""What a router needs of whoever enqueues."""

from typing import Protocol

from redisched.config import Durability
from redisched.routing.shard_map_cache import ShardMapCache
from redisched.store.operation import ScriptRunner
from redisched.store.store import Store


class Shards(Protocol):
    """The shards of the queues on one Redis."""

    shard_maps: ShardMapCache

    @property
    def script_runner(self) -> ScriptRunner:
        """How scripts are called there."""
        ...

    def store(self, queue: str, shard: int = 0, durable: Durability = Durability.NONE) -> Store:
        """The edges of a shard; its enqueues wait as `durable` says."""
        ...
