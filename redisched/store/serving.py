"""Tells whether a worker serves a queue.

While there is something to do in a queue, one of its workers is stored as its reaper. An idle queue may have none, if
its workers serve several queues; but they say which.
"""

from redisched.errors import BrokerRefused
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.roster import Roster


def is_served(script_runner: ScriptRunner, queue: str) -> Operation[bool]:
    """Whether a worker serves a queue now. A worker that was killed still counts for some seconds."""
    now_ms = (yield from ShardInspector(script_runner, queue, 0).counts()).now_ms
    if holds_post((yield ("GET", script_runner.keys_of(queue).reaper)), now_ms):
        return True
    try:
        return (yield from _is_named(Roster(script_runner), queue, now_ms))
    except BrokerRefused:
        # A user with few rights may read the queues that it uses, and nothing of the workers.
        return False


def _is_named(roster: Roster, queue: str, now_ms: int) -> Operation[bool]:
    """Whether a worker is present that says that it serves the queue."""
    live = yield from roster.live(now_ms)
    return any(queue in found.queues or found.more_queues for found in live.deployments)


def holds_post(reaper: bytes | None, now_ms: int) -> bool:
    """Whether a worker is the reaper now, given the stored value. If its time seems longer than a lease, the server's
    clock was set back, and the value does not count.
    """
    parts = (reaper or b"").split(b" ")
    if len(parts) != 4 or not (parts[1].isdigit() and parts[3].isdigit()):
        return False
    return 0 <= int(parts[1]) - now_ms <= int(parts[3])
