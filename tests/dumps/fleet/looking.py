"""What an observer sees beside tasks, as plain values."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from redisched.client import schedule_operations as operations
from redisched.client.scheduler import Scheduler
from redisched.client.worker_calls import every_worker
from redisched.model import TaskState
from redisched.store.operation import run
from redisched.store.pausing import stored_pause
from redisched.store.tallies import Span, Tallies
from tests.dumps.fleet.filling import QUEUES
from tests.dumps.seen import look_through

Facts: TypeAlias = dict[str, Any]
_WAITING = {state.value: "waiting" for state in (TaskState.READY, TaskState.SCHEDULED)}
SECTIONS = ("schedules", "tasks", "workers", "pauses", "counts")


def look(app: Scheduler, taken_ms: int) -> dict[str, Facts]:
    """All that is seen, by section. `taken_ms` is the time in whose minute and hour is counted."""
    found = (dict(section) for section in (schedules(app), _tasks(app), _workers(app), _pauses(app)))
    return dict(zip(SECTIONS, (*found, counts(app, taken_ms)), strict=True))


def schedules(app: Scheduler) -> Iterator[tuple[str, Facts]]:
    """Every schedule, by queue and name."""
    for found in app.connection.run(operations.every_stored(app.connection, None), "every_stored"):
        stored, definition = found.stored, found.definition
        yield (
            f"{found.queue}/{stored.name}",
            {
                "state": stored.state.value,
                "slot_ms": stored.slot_ms,
                "last_id": stored.last_id,
                "ahead": list(stored.ahead_ids),
                "shard": found.store.shard,
                "words": definition.timing.words(),
                "misfire": definition.misfire.words(),
                "overlap": definition.overlap.value,
                "application": definition.application,
                "priority": definition.task.priority,
            },
        )


def counts(app: Scheduler, at_ms: int) -> Facts:
    """What is counted in the minute and the hour of a time, by span, queue and handler."""
    found: Facts = {}
    for span in Span:
        number = span.number_at(at_ms)
        read = run(Tallies(app.broker.script_runner).read(span, [number]), app.broker.client())
        for key, activity in read.get(number, {}).items():
            found[f"{span.value.name}/{key.queue}/{key.handler}"] = activity.encode()
    return found


def _tasks(app: Scheduler) -> Iterator[tuple[str, Facts]]:
    for queue in QUEUES:
        tasks = look_through(app.broker, queue)
        # While somebody looks, tasks come due.
        yield (
            queue,
            {id: facts | {"state": _WAITING.get(facts["state"], facts["state"])} for id, facts in tasks.items()},
        )


def _workers(app: Scheduler) -> Iterator[tuple[str, Facts]]:
    for worker in run(every_worker(app.broker.script_runner), app.broker.client()):
        presence, deployment = worker.presence, worker.deployment
        yield (
            worker.name,
            {
                "until_ms": worker.until_ms,
                "host": presence.host,
                "busy": presence.busy,
                "running": [list(task) for task in presence.running],
                "queues": list(deployment.queues),
                "handlers": list(deployment.handlers),
                "application": [deployment.application, deployment.app_version],
            },
        )


def _pauses(app: Scheduler) -> Iterator[tuple[str, Facts]]:
    for queue in QUEUES:
        pause = run(stored_pause(app.broker.script_runner, queue), app.broker.client())
        if pause is not None:
            yield queue, {"since_ms": pause.since_ms, "until_ms": pause.until_ms, "by": pause.by}
