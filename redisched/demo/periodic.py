"""Periodic work: a reading of the machine's load that enqueues the next reading, due a fixed time later.

The id of the next reading is computed from this one. So if a reading is executed twice, because its worker was killed
after it had enqueued the next one, it does not start a second chain.
"""

import asyncio
import os

from redisched.context import current_task
from redisched.demo.facts import Kind, record_enqueued, recorded
from redisched.demo.ledger import keep
from redisched.demo.scheduler import WORK_QUEUE, app
from redisched.model import Priority

PERIOD_S = 0.5


@app.task(name="demo.take_reading", queue=WORK_QUEUE, priority=Priority.HIGH)
async def take_reading(series: str, number: int, last: int) -> float:
    """Return the machine's load of the last minute, and enqueue the next reading, unless this is the last one."""
    with recorded(Kind.PERIODIC):
        load, _, _ = os.getloadavg()
        await asyncio.to_thread(keep, Kind.PERIODIC, round(load * 100))
        if number < last:
            due_s = current_task().run_at_ms / 1e3 + PERIOD_S
            following = take_reading.options(id=reading_id(series, number + 1), run_at=due_s)
            reference = await following.enqueue_async(series, number + 1, last)
            record_enqueued(Kind.PERIODIC, reference.id, reference.queue)
        return load


def reading_id(series: str, number: int) -> str:
    """The id of a reading's task."""
    return f"{series}-{number}"
