"""How many workers a queue could use, for autoscalers."""

import math
from functools import partial
from typing import Any

from redisched.store.inspect import Inspector
from redisched.store.operation import Operation
from redisched.store.pausing import QueuePause
from redisched.store.view import QueueCounts
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import whole
from redisched.web.reading.fleet import present_workers
from redisched.web.reading.queues import QUEUE_IN_PATH
from redisched.web.statuses import NOT_FOUND

USUAL_SLOTS = 16
"""The slots of a worker that was started without `--concurrency`."""
LARGEST = 100_000


async def show_scale(call: ApiCall) -> dict[str, Any]:
    """The backlog of a queue, and the number of workers that it suggests."""
    given, name = call.parameters, call.parameters["queue"]
    await call.redis.expect_queue(name)
    counts, pause = await call.redis.ask(partial(_counts_of, call.redis.inspector(name)))
    workers = await present_workers(call.redis)
    slots = [worker.presence.slots for worker in workers if name in worker.deployment.queues]
    per_worker = given["slots"] or (round(sum(slots) / len(slots)) if slots else 0) or USUAL_SLOTS
    wanted = suggested_workers(counts, pause, per_worker, given["tasks_per_slot"])
    return {
        "queue": name,
        "backlog": counts.ready,
        "leased": counts.leased,
        "scheduled": counts.scheduled,
        "oldest_ready_ms": counts.oldest_ready_ms,
        "is_paused": pause is not None,
        "workers": len(slots),
        "slots": sum(slots),
        "slots_per_worker": per_worker,
        "suggested_workers": min(max(wanted, given["least"]), given["most"]),
        "now_ms": counts.now_ms,
    }


def suggested_workers(counts: QueueCounts, pause: QueuePause | None, slots: int, tasks_per_slot: int) -> int:
    """So many workers that every slot has `tasks_per_slot` tasks: those that are due, and those that workers have.
    What is due in a paused queue does not count.
    """
    tasks = counts.leased + (counts.ready if pause is None else 0)
    return math.ceil(tasks / (slots * tasks_per_slot))


def _counts_of(inspector: Inspector) -> Operation[tuple[QueueCounts, QueuePause | None]]:
    return (yield from inspector.counts()), (yield from inspector.pause())


ENDPOINTS = (
    Endpoint(
        path="/scale/{queue}",
        summary="The backlog of a queue, and how many workers it suggests.",
        description=(
            "suggested_workers = (backlog + leased) / (slots_per_worker * tasks_per_slot), rounded up, within least "
            "and most; 0 for a queue without work."
        ),
        act=show_scale,
        answer="Scale",
        parameters=(
            QUEUE_IN_PATH,
            whole(
                "tasks_per_slot", "How many tasks each slot is to have, that which it runs included.", 1, 1_000_000, 10
            ),
            whole("slots", "The slots of a worker. Default: of the present ones on average, else 16.", 1, 10_000),
            whole("least", "Suggest no fewer workers.", 0, LARGEST, 0),
            whole("most", "Suggest no more workers, whatever least says.", 0, LARGEST, LARGEST),
        ),
        problems=NOT_FOUND,
    ),
)
