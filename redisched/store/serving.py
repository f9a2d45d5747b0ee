"""Whether a worker serves a queue, as far as Redis knows: one of them always holds the post of its reaper."""

from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, ScriptRunner


def is_served(script_runner: ScriptRunner, queue: str) -> Operation[bool]:
    """Whether some worker looks after a queue now; one that was killed counts as such for some seconds more."""
    now_ms = (yield from ShardInspector(script_runner, queue, 0).counts()).now_ms
    return holds_post((yield ("GET", script_runner.keys_of(queue).reaper)), now_ms)


def holds_post(reaper: bytes | None, now_ms: int) -> bool:
    """Whether somebody has the post. A hold that is longer than a lease is from before the clock was set back."""
    parts = (reaper or b"").split(b" ")
    if len(parts) != 4 or not (parts[1].isdigit() and parts[3].isdigit()):
        return False
    return 0 <= int(parts[1]) - now_ms <= int(parts[3])
