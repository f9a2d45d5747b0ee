"""The workers that are present, whichever queues they serve."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from redisched.errors import InvalidOption
from redisched.records.worker import worker_record
from redisched.store.operation import Operation
from redisched.store.presence import Deployment, PresentWorker
from redisched.store.roster import FIRST_PAGE, Roster, WorkersPage
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import matching, whole
from redisched.web.redis import Redis

MOST_PAGES = 50
"""Whoever counts workers reads at most so many pages of a hundred."""


async def list_workers(call: ApiCall) -> dict[str, Any]:
    """A page of workers, in no order; a worker may be on two pages."""
    cursor, limit = call.parameters["after"] or FIRST_PAGE, call.parameters["limit"]
    page, deployments = await call.redis.ask(lambda: _page(Roster(call.redis.script_runner), cursor, limit))
    records = [worker_record(worker, deployments.get(worker.presence.deployment)) for worker in page.workers]
    return {"workers": records, "next": page.cursor}


async def present_workers(redis: Redis) -> AsyncIterator[tuple[PresentWorker, Deployment]]:
    """Every worker once, with what it serves; of more than 5,000, about so many."""
    cursor = FIRST_PAGE
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page, deployments = await redis.ask(partial(_first_of, redis, cursor))
        for worker in page.workers:
            if worker.name not in seen:
                seen.add(worker.name)
                yield worker, deployments.get(worker.presence.deployment, Deployment())
        if page.cursor is None:
            return
        cursor = page.cursor


def _first_of(redis: Redis, cursor: str) -> Operation[tuple[WorkersPage, dict[str, Deployment]]]:
    return _page(Roster(redis.script_runner), cursor, 100)


def _page(roster: Roster, cursor: str, limit: int) -> Operation[tuple[WorkersPage, dict[str, Deployment]]]:
    page = yield from roster.workers(cursor, limit)
    digests = sorted({worker.presence.deployment for worker in page.workers})
    return page, (yield from roster.deployments(digests))


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
