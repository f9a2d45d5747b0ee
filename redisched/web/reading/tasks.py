"""Tasks: listings in the order in which they will run, and everything about one of them."""

from functools import partial
from typing import Any

from redisched.explain.reading import explained
from redisched.filters.conditions import StateIn
from redisched.filters.reading import read_page
from redisched.option_checks import check_id, check_queue
from redisched.records.explanation import explanation_record
from redisched.records.task import task_record
from redisched.records.whole_task import read_whole_task, whole_task_record
from redisched.redaction import Redactor
from redisched.store.inspect import find
from redisched.store.view import PENDING, TaskView
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.filtering import AFTER, FILTER, LOOKS, filter_in
from redisched.web.parameters import ID_PATTERN, QUEUE_PATTERN, Where, matching, whole
from redisched.web.problems import bad_request, not_found
from redisched.web.redis import Redis
from redisched.web.statuses import NOT_FOUND

_SECRET_FIELDS = ("args", "kwargs", "headers", "result")
QUEUE = matching("queue", "Look only in this queue. Default: all queues.", QUEUE_PATTERN, check_queue)


async def list_tasks(call: ApiCall) -> dict[str, Any]:
    """A page of the tasks that match a filter, as `redisched task ls --json` lists them."""
    wanted = filter_in(call.parameters["filter"], call.redis.redactor)
    if wanted.is_open:
        wanted = wanted.also(StateIn(frozenset(PENDING)))
    after, limit = call.parameters["after"], call.parameters["limit"]
    page = await call.redis.ask(lambda: read_page(call.redis.script_runner, wanted, after, limit, LOOKS))
    records = [safe_task_record(view, call.redis.redactor) for view in page.views]
    return {"tasks": records, "next": page.cursor, "looked_at": page.looked_at, "of_about": page.of_about}


async def show_task(call: ApiCall) -> dict[str, Any]:
    """Everything about a task, as `redisched task show --json` prints it."""
    view = await find_task(call.redis, call.parameters["id"], call.parameters["queue"])
    whole = await call.redis.ask(partial(read_whole_task, call.redis.script_runner, view))
    return call.redis.redactor.record(whole_task_record(whole), *_SECRET_FIELDS)


async def find_task(redis: Redis, task_id: str, queue: str | None) -> TaskView:
    """The task with an id. Raises Problem if there is none, or several queues have one."""
    if queue is not None:
        await redis.expect_queue(queue)
        found = [await redis.ask(partial(redis.inspector(queue).task, task_id))]
    else:
        await redis.queues()
        found = [*await redis.ask(lambda: find(redis.script_runner, task_id))]
    views = [view for view in found if view is not None]
    if not views:
        raise not_found("unknown", f"task {task_id!r} is unknown: never enqueued, or forgotten")
    if len(views) > 1:
        names = ", ".join(view.queue for view in views)
        raise bad_request("several_queues", f"task {task_id!r} is in the queues {names}; name one: queue=NAME")
    return views[0]


async def explain_task(call: ApiCall) -> dict[str, Any]:
    """Why a task does not run, as `redisched explain --json` prints it."""
    view = await find_task(call.redis, call.parameters["id"], call.parameters["queue"])
    return explanation_record(await call.redis.ask(lambda: explained(call.redis.script_runner, view)))


def safe_task_record(view: TaskView, redactor: Redactor) -> dict[str, Any]:
    """The record of a task without the secrets of its arguments, headers and result."""
    return redactor.record(task_record(view), *_SECRET_FIELDS)


_ID = matching("id", "The id of a task.", ID_PATTERN, check_id, Where.PATH)

ENDPOINTS = (
    Endpoint(
        path="/tasks",
        summary="The tasks that match a filter, in the order in which they will run; then those that have ended.",
        description=(
            "Without a filter, and with one of queues, handlers and priorities alone, the tasks that wait are listed. "
            f"For a page about {LOOKS:,} tasks are looked at, so it may be short or empty though there is a next one: "
            "ask again with its `next` as `after`. `looked_at` is how many were looked at for it; `of_about` is how "
            "many there are to look at in all, null for a page that is full or the last. A page may be a little longer "
            "than its limit."
        ),
        act=list_tasks,
        answer="Tasks",
        parameters=(
            FILTER,
            AFTER,
            whole("limit", "How many tasks.", 1, 200, 50),
        ),
    ),
    Endpoint(
        path="/tasks/{id}",
        summary="Everything about one task.",
        act=show_task,
        answer="WholeTask",
        parameters=(_ID, QUEUE),
        problems=NOT_FOUND,
    ),
    Endpoint(
        path="/tasks/{id}/explain",
        summary="Why a task does not run, in a sentence.",
        act=explain_task,
        answer="Explanation",
        parameters=(_ID, QUEUE),
        problems=NOT_FOUND,
    ),
)
