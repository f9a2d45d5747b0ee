"""Queues: how many tasks each has in each state, whether it is paused, and how it could be scaled."""

from bisect import bisect_right
from functools import partial
from typing import Any

from redisched.errors import InvalidOption
from redisched.option_checks import check_queue
from redisched.records.queue import pause_record, queue_record
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import QUEUE_PATTERN, Where, matching, whole
from redisched.web.statuses import NOT_FOUND

QUEUE_IN_PATH = matching("queue", "The name of a queue.", QUEUE_PATTERN, check_queue, Where.PATH)


async def list_queues(call: ApiCall) -> dict[str, Any]:
    """The queues after a name, in the order of their names."""
    known = await call.redis.queues()
    after, limit = call.parameters["after"], call.parameters["limit"]
    first = 0 if after is None else bisect_right(known, after)
    names = known[first : first + limit]
    records = [await call.redis.ask(partial(whole_queue, call.redis.inspector(name))) for name in names]
    return {"queues": records, "next": names[-1] if first + limit < len(known) else None}


async def show_queue(call: ApiCall) -> dict[str, Any]:
    """A queue."""
    name = call.parameters["queue"]
    await call.redis.expect_queue(name)
    return await call.redis.ask(partial(whole_queue, call.redis.inspector(name)))


def whole_queue(inspector: Inspector) -> Operation[dict[str, Any]]:
    """The record of a queue, as `redisched queue show --json` prints it."""
    counts = yield from inspector.counts_by_shard()
    stages = yield from inspector.stages()
    repairs = yield from inspector.repairs()
    pauses = yield from inspector.pauses()
    return queue_record(counts, stages, repairs) | pause_record(pauses)


def _check_after(option: str, text: str) -> str:
    # Any program may have written the name of a queue.
    if not 1 <= len(text) <= 300 or "\n" in text:
        raise InvalidOption(option, text, "the next of the page before")
    return text


ENDPOINTS = (
    Endpoint(
        path="/queues",
        summary="The queues, by name.",
        act=list_queues,
        answer="Queues",
        parameters=(
            matching("after", "The name after which the page begins.", "^.{1,300}$", _check_after),
            whole("limit", "How many queues.", 1, 200, 50),
        ),
    ),
    Endpoint(
        path="/queues/{queue}",
        summary="One queue.",
        act=show_queue,
        answer="Queue",
        parameters=(QUEUE_IN_PATH,),
        problems=NOT_FOUND,
    ),
)
