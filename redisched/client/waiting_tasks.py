"""Looks at the tasks of a queue that wait: the next ones, the next one, and how many there are. Claims nothing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

from redisched.client.connection import Connection
from redisched.conversion.conversion import WrongArguments
from redisched.errors import InvalidOption
from redisched.model import TaskBody, TaskState
from redisched.option_checks import check_queue, check_whole
from redisched.queued_task import QueuedTask
from redisched.registry import Registry
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, with_retries
from redisched.store.page import Place, Query
from redisched.store.view import PENDING, QueueCounts, TaskView

MOST = 1_000
COUNTED = ("ready", "scheduled", "leased", "dead")
"""The states whose tasks can be counted without reading them."""


@dataclass(frozen=True, slots=True)
class WaitingTasks:
    """A page of tasks that wait, in the order in which they start. `next` is the `after` of the next page, "" if this
    is the last one.
    """

    tasks: tuple[QueuedTask, ...]
    next: str

    def __iter__(self) -> Iterator[QueuedTask]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)


def pending(connection: Connection, registry: Registry, queue: str, limit: int, after: str) -> Operation[WaitingTasks]:
    """The next tasks of a queue, from a place on. `registry` knows every name. Raises InvalidOption."""
    place = Place.read("after", after) if after else None
    query = Query(states=PENDING, limit=check_whole("n", limit, 1, MOST))
    inspector = Inspector(connection.script_runner, check_queue("queue", queue))
    page = yield from with_retries(partial(inspector.page, query, place), connection.retry_policy())
    tasks = tuple(_as_queued(view, registry) for view in page.views)
    return WaitingTasks(tasks, "" if page.next is None else str(page.next))


def peek(connection: Connection, registry: Registry, queue: str) -> Operation[QueuedTask | None]:
    """The task that starts next. Raises InvalidOption."""
    return next(iter((yield from pending(connection, registry, queue, 1, ""))), None)


def count(connection: Connection, queue: str, state: str | Collection[str] | None) -> Operation[int]:
    """How many tasks wait, or are in a state, or in one of several. Raises InvalidOption."""
    wanted = _states(state)
    inspector = Inspector(connection.script_runner, check_queue("queue", queue))
    counts: QueueCounts = yield from with_retries(inspector.counts, connection.retry_policy())
    return sum(getattr(counts, one) for one in wanted)


def _states(given: str | Collection[str] | None) -> set[str]:
    if given is None:
        return {"ready", "scheduled"}
    wanted = {given} if isinstance(given, str) else given
    if not isinstance(wanted, Collection) or not wanted or not all(one in COUNTED for one in wanted):
        allowed = (
            f"one or several of {', '.join(COUNTED)}; app.select(queue=..., state=...).look() lists those in others"
        )
        raise InvalidOption("state", given, allowed)
    return {str(one) for one in wanted}


def _as_queued(view: TaskView, registry: Registry) -> QueuedTask:
    body = view.body or TaskBody(view.name)
    entry = registry.get(body.name)
    args, kwargs = body.args, body.kwargs
    try:
        if entry is not None:
            args, kwargs = entry.arguments_of(body)
    except WrongArguments:
        # A worker will find its handler's annotations broken, too; here they are shown as they travelled.
        pass
    return QueuedTask(
        id=view.id,
        queue=view.queue,
        state=TaskState(view.state),
        name=body.name,
        priority=view.priority or 0,
        attempt=view.attempts + 1,
        run_at_ms=view.run_at_ms,
        args=tuple(args),
        kwargs=kwargs,
        headers=body.headers or {},
        undecodable=view.undecodable,
    )
