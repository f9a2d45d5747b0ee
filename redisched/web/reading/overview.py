"""The overview: how many tasks there are in all queues, and how many workers."""

from dataclasses import asdict
from functools import partial
from typing import Any

from redisched.store.inspect import Inspector
from redisched.store.operation import Operation
from redisched.store.pausing import QueuePause
from redisched.store.stages import QueueStages, stages_of_all
from redisched.store.view import QueueCounts, total
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.reading.fleet import present_workers
from redisched.web.redis import Redis

MOST_QUEUES = 500
"""So many queues are counted, the first by name."""


async def overview_record(redis: Redis) -> dict[str, Any]:
    """Sums over all queues. `oldest_ready_ms` is the longest that a due task has been waiting."""
    names = await redis.queues()
    counted: list[QueueCounts] = []
    stages: list[QueueStages] = []
    paused: list[str] = []
    for name in names[:MOST_QUEUES]:
        counts, of_queue, pause = await redis.ask(partial(_look, redis.inspector(name)))
        counted.append(counts)
        stages.append(of_queue)
        paused += [name] if pause is not None else []
    slots = [worker.presence.slots for worker in await present_workers(redis)]
    # Without a queue, an empty one tells the time.
    sums = total(counted or [await redis.ask(redis.inspector("default").shard(0).counts)])
    return {
        "now_ms": sums.now_ms,
        "queues": len(names),
        "queues_counted": len(counted),
        "paused": paused,
        "ready": sums.ready,
        "scheduled": sums.scheduled,
        "leased": sums.leased,
        "dead": sums.dead,
        "finished": sums.finished,
        "oldest_ready_ms": sums.oldest_ready_ms,
        "priorities": [asdict(one) for one in sums.priorities],
        **asdict(stages_of_all(stages)),
        "workers": len(slots),
        "slots": sum(slots),
    }


async def show_overview(call: ApiCall) -> dict[str, Any]:
    """The overview."""
    return await overview_record(call.redis)


def _look(inspector: Inspector) -> Operation[tuple[QueueCounts, QueueStages, QueuePause | None]]:
    counts = yield from inspector.counts()
    # Where nothing is leased or scheduled there is nothing to look at.
    stages = (yield from inspector.stages()) if counts.leased or counts.scheduled else QueueStages()
    return counts, stages, (yield from inspector.pause())


ENDPOINTS = (
    Endpoint(
        path="/overview",
        summary="How many tasks are in each state in all queues, and how many workers are present.",
        description=f"Of more than {MOST_QUEUES} queues the first by name are counted: see queues_counted.",
        act=show_overview,
        answer="Overview",
    ),
)
