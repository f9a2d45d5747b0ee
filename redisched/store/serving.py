"""Tells whether a worker serves a queue: if workers do, one of them is always stored as the reaper of the queue."""

from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, ScriptRunner


def is_served(script_runner: ScriptRunner, queue: str) -> Operation[bool]:
    """Whether a worker serves a queue now. A worker that was killed still counts for some seconds."""
    now_ms = (yield from ShardInspector(script_runner, queue, 0).counts()).now_ms
    return holds_post((yield ("GET", script_runner.keys_of(queue).reaper)), now_ms)


def holds_post(reaper: bytes | None, now_ms: int) -> bool:
    """Whether a worker is the reaper now, given the stored value. If its time seems longer than a lease, the server's
    clock was set back, and the value does not count.
    """
    parts = (reaper or b"").split(b" ")
    if len(parts) != 4 or not (parts[1].isdigit() and parts[3].isdigit()):
        return False
    return 0 <= int(parts[1]) - now_ms <= int(parts[3])
