"""Deleting tasks that no worker has."""

from collections.abc import Sequence

from redisched.store.operation import Operation, ScriptRunner
from redisched.store.shard import ShardScripts
from redisched.store.values import Status


def delete_tasks(
    script_runner: ScriptRunner, queue: str, shard: int, retention_ms: int, outcomes: Sequence[tuple[str, bytes]]
) -> Operation[list[Status]]:
    """Delete tasks of a shard, each given as id and outcome: DELETED, LEASED or UNKNOWN for each."""
    scripts = ShardScripts(script_runner, queue, shard)
    return scripts.settle("delete", {"retention_ms": retention_ms}, outcomes)
