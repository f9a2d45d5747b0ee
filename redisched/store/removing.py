"""Removing a queue that has no tasks."""

from redisched.store.adding_shards import stores_of
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.shard import ShardScripts
from redisched.store.store import register
from redisched.store.values import Status


def remove_shard(script_runner: ScriptRunner, queue: str, shard: int) -> Operation[Status]:
    """Remove all keys of a shard but its shard map: REMOVED, or NOT_EMPTY if it has a task or a schedule."""
    (status,) = yield from ShardScripts(script_runner, queue, shard).settle("remove")
    return status


def remove_queue(script_runner: ScriptRunner, queue: str) -> Operation[Status]:
    """Remove a queue: REMOVED, or NOT_EMPTY if one of its shards is not empty. What of it was removed then, stays so.

    A task that a producer adds meanwhile is kept, and the queue with it.
    """
    for store in (yield from stores_of(script_runner, queue)):
        if (yield from remove_shard(script_runner, queue, store.shard)) is Status.NOT_EMPTY:
            return Status.NOT_EMPTY
    yield ("SREM", script_runner.queues_key, queue)
    for store in (yield from stores_of(script_runner, queue)):
        if (yield ("EXISTS", store.keys.tasks)):
            yield from register(script_runner, [queue])
            return Status.NOT_EMPTY
    return Status.REMOVED
