"""The workers that are present, whichever queues they serve."""

from functools import partial
from typing import Any

from redisched.client.worker_calls import WorkerView, every_worker
from redisched.errors import InvalidOption
from redisched.records.worker import worker_record
from redisched.store.operation import Operation
from redisched.store.presence import Deployment
from redisched.store.roster import FIRST_PAGE, Roster, WorkersPage
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import matching, whole
from redisched.web.redis import Redis


async def list_workers(call: ApiCall) -> dict[str, Any]:
    """A page of workers, in no order; a worker may be on two pages."""
    cursor, limit = call.parameters["after"] or FIRST_PAGE, call.parameters["limit"]
    page, deployments = await call.redis.ask(lambda: _page(Roster(call.redis.script_runner), cursor, limit))
    records = [worker_record(worker, deployments.get(worker.presence.deployment)) for worker in page.workers]
    return {"workers": records, "next": page.cursor}


async def present_workers(redis: Redis) -> list[WorkerView]:
    """Every worker that is present; of more than 10,000, about so many."""
    await redis.open()
    return await redis.ask(partial(every_worker, redis.script_runner))


def _page(roster: Roster, cursor: str, limit: int) -> Operation[tuple[WorkersPage, dict[str, Deployment]]]:
    page = yield from roster.workers(cursor, limit)
    return page, (yield from roster.deployments_of(page.workers))


def _check_cursor(option: str, text: str) -> str:
    if not (text.isascii() and text.isdigit() and int(text) < 2**64):
        raise InvalidOption(option, text, "the next of another page")
    return text


ENDPOINTS = (
    Endpoint(
        path="/workers",
        summary="The workers that are present, and what they serve.",
        description="In no order. A worker may be on two pages; a page may have a few more workers than its limit.",
        act=list_workers,
        answer="Workers",
        parameters=(
            matching("after", "The `next` of the page before.", "^(0|[1-9][0-9]{0,18})$", _check_cursor),
            whole("limit", "About how many workers.", 1, 200, 50),
        ),
    ),
)
