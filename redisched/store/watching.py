"""Waiting for the ends of tasks: a caller is noted as a watcher of a task, and whatever ends the task tells it."""

from collections.abc import Sequence

from redisched.store.operation import Argument, Operation, ScriptRunner
from redisched.store.shard import ShardScripts, id_bytes
from redisched.store.view import TaskView, views_of

WATCH_MS = 120_000
"""A watcher counts for so long after its latest call."""


def watch(
    script_runner: ScriptRunner, queue: str, shard: int, channel: str, ids: Sequence[str]
) -> Operation[list[TaskView]]:
    """Note the listener of a channel as a watcher of tasks, and answer what they are now, without their bodies.

    If one of them ends, its id is published on the channel. Tasks that have ended, or are not in this shard, are only
    described.
    """
    scripts = ShardScripts(script_runner, queue, shard)
    arguments: dict[str, Argument] = {"channel": channel, "watch_ms": WATCH_MS}
    reply = yield from scripts.call("watch", arguments, [(id_bytes(id),) for id in ids])
    return views_of(ids, queue, shard, reply[1:])
