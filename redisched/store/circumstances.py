"""Reading a task with what else decides when it runs: those before it, the pause of its queue, who serves it."""

import re
from dataclasses import dataclass

from redisched.shard_map import ShardMap
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.pausing import QueuePause
from redisched.store.serving import holds_post
from redisched.store.shard import ShardScripts, id_text
from redisched.store.view import Facts, TaskView, views_of, with_body

_OF_TASK = 1 + len(Facts._fields)
_COUNTS = re.compile(rb"(?:^| )deadline=\d{1,16}! ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """A task with its body, and what decides when it runs, all at one moment.

    `ahead` is how many due tasks of its shard are claimed before it; None if it does not wait, or is not due. `pause`
    is that of its shard, None if there is none. `is_served` says whether a worker takes care of the shard; one that was
    killed still counts for some seconds. `shards` is the number of shards of the queue, 1 if its shard map is damaged.
    `key_holder` is the task that holds the unique key, "" if none does. A deadline counts once the task has started.
    """

    view: TaskView
    ahead: int | None = None
    pause: QueuePause | None = None
    is_served: bool = False
    shards: int = 1
    key_holder: str = ""
    does_deadline_count: bool = False


def read_circumstances(script_runner: ScriptRunner, queue: str, shard: int, task_id: str) -> Operation[Circumstances]:
    """Read them for a task of this shard. Its state is UNKNOWN if the shard does not have it."""
    reply = yield from ShardScripts(script_runner, queue, shard).call("read/explain", rows=[(task_id,)])
    record, ahead, paused, reaper, stored_map, key_holder = reply[_OF_TASK:]
    (view,) = views_of([task_id], queue, shard, reply[:_OF_TASK])
    pause = QueuePause.read(paused)
    shard_map = ShardMap.read(stored_map)
    return Circumstances(
        view=with_body(view, record or None),
        ahead=int(ahead) if ahead else None,
        pause=None if pause is None or pause.is_over(view.now_ms) else pause,
        is_served=holds_post(reaper, view.now_ms),
        shards=1 if shard_map is None else shard_map.shards,
        key_holder=id_text(key_holder),
        does_deadline_count=_COUNTS.search(Facts(*reply[1:_OF_TASK]).traits) is not None,
    )
