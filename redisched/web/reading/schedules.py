"""Schedules: what each is, when its next slots come, and how its latest task is."""

from functools import partial
from typing import Any

from redisched.client import schedule_operations as operations
from redisched.client.schedule_view import FoundSchedule
from redisched.errors import InvalidOption, Undecodable
from redisched.records.schedule import schedule_record
from redisched.records.schedule_reading import read_found
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import matching, whole
from redisched.web.reading.tasks import QUEUE
from redisched.web.redis import Redis
from redisched.web.statuses import NOT_FOUND

MOST_QUEUES = 200
"""For a page the schedules of so many queues at most are read."""
_JOINT = "/"
"""Between the queue and the name of a schedule. No queue has it in its name."""


async def list_schedules(call: ApiCall) -> dict[str, Any]:
    """A page of schedules, by queue and name, as `redisched schedule ls --json` lists them."""
    given = call.parameters
    queue, _, name = (given["after"] or "").partition(_JOINT)
    names = await call.redis.queues()
    if given["queue"] is not None:
        await call.redis.expect_queue(given["queue"])
        names = [given["queue"]]
    places = [one for one in names if one >= queue]
    read = partial(operations.stored_page, queue_names=places[:MOST_QUEUES], after=(queue, name), limit=given["limit"])
    found, has_more = await call.redis.run_on(read)
    records = [await _record(call.redis, one) for one in found]
    if has_more:
        return {"schedules": records, "next": _place(found[-1].queue, found[-1].stored.name)}
    return {"schedules": records, "next": _place(places[MOST_QUEUES], "") if len(places) > MOST_QUEUES else None}


async def _record(redis: Redis, found: FoundSchedule) -> dict[str, Any]:
    """The record of a schedule; of one that another version has written, only why it cannot be read."""
    try:
        read = await redis.ask(partial(read_found, redis.inspector(found.queue), found))
    except Undecodable as error:
        return {"queue": found.queue, "name": found.stored.name, "undecodable": error.reason}
    return redis.redactor.record(schedule_record(read), "args", "kwargs")


def _place(queue: str, name: str) -> str:
    return f"{queue}{_JOINT}{name}"


def _check_after(option: str, text: str) -> str:
    if _JOINT not in text or len(text) > 1_000:
        raise InvalidOption(option, text, "the next of the page before")
    return text


ENDPOINTS = (
    Endpoint(
        path="/schedules",
        summary="Schedules by queue and name, with their next slots and their latest tasks.",
        description="One that another version has written has `undecodable` in place of all else.",
        act=list_schedules,
        answer="Schedules",
        parameters=(
            QUEUE,
            matching("after", "The `next` of the page before.", "^[^/]{0,300}/[^/]{0,300}$", _check_after),
            whole("limit", "How many schedules.", 1, 200, 50),
        ),
        problems=NOT_FOUND,
    ),
)
