"""What workers did lately: how many tasks ended how, and how long they waited and ran."""

from functools import partial
from typing import Any

from redisched.client.stats import LONGEST_MS, read_stats
from redisched.option_checks import check_queue
from redisched.records.stats import OTHERS, activity_record, stats_record
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import QUEUE_PATTERN, matching, whole


async def show_series(call: ApiCall) -> dict[str, Any]:
    """What workers did, as `redisched stats --json` prints it, and by queue besides."""
    since_ms, queue = 1_000 * call.parameters["since_s"], call.parameters["queue"]
    before_ms = 1_000 * call.parameters["before_s"]
    await call.redis.open()
    found = await call.redis.ask(partial(read_stats, call.redis.script_runner, since_ms, queue, before_ms))
    queues = [{"queue": name or OTHERS, **activity_record(one)} for name, one in sorted(found.by_queue().items())]
    return {**stats_record(found), "queues": queues}


ENDPOINTS = (
    Endpoint(
        path="/series",
        summary="What workers did lately: by handler, by queue, all together, and minute by minute or hour by hour.",
        description=(
            "In minutes up to three hours, else in hours; those in which nothing was done are left out. Up to five "
            "seconds are missing at the end. Percentiles are right within a factor of two."
        ),
        act=show_series,
        answer="Series",
        parameters=(
            whole("since_s", "So many seconds back.", 1, LONGEST_MS // 1_000, 3_600),
            whole(
                "before_s",
                "Without the last so many seconds; if that is all of them, nothing is left.",
                0,
                LONGEST_MS // 1_000 - 1,
                0,
            ),
            matching("queue", "Only this queue.", QUEUE_PATTERN, check_queue),
        ),
    ),
)
