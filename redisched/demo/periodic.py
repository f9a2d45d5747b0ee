"""Periodic work: a reading of the machine that enqueues the next one, due a fixed time after itself.

The id of the next reading follows from this one. A reading that is run twice, because its worker was killed after it
had enqueued the next, therefore does not start a second chain.
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
    """Read the machine's load of the last minute, and see to it that the next reading follows, up to the last one."""
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
