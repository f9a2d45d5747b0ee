"""What is told of a completion depends on what Redis says became of the task."""

import asyncio

import pytest

from redisched import WorkerInfo
from redisched.engine import completion
from redisched.engine.event_teller import EventTeller, Returned, telling_events
from redisched.engine.leased_task import LeasedTask
from redisched.engine.retrying import RetryAction, RetryDecision
from redisched.events import EventFunctions
from redisched.model import TaskBody
from redisched.store.values import Status
from tests.engine.leases import leased_task

ERROR = ConnectionError("no answer")
AGAIN = RetryDecision(RetryAction.RETRY, 5_000)


def told_of(status: Status, outcome: completion.Completion, end: Returned | BaseException) -> list[str]:
    """The events that are told once a completion was settled."""
    told: list[str] = []
    functions = EventFunctions()
    functions.add("on_cancelled", lambda _ctx: told.append("on_cancelled"))
    for event in ("on_success", "on_failure", "on_retry", "on_dead"):
        functions.add(event, lambda _ctx, _more, event=event: told.append(event))

    async def settle() -> None:
        teller = EventTeller(functions)
        async with telling_events(teller, WorkerInfo(name="w", queues=())):
            teller.handler_ended(outcome.task, end)
            teller.settled(outcome, status)

    asyncio.run(settle())
    return told


def failed(task: LeasedTask) -> completion.Completion:
    return completion.failed(task, ERROR, AGAIN, 1)


@pytest.mark.parametrize(
    ("status", "events"),
    [
        (Status.RETRIED, ["on_failure", "on_retry"]),
        (Status.ALREADY, ["on_failure", "on_retry"]),
        (Status.BURIED, ["on_failure", "on_dead"]),
        (Status.CANCELLED, ["on_cancelled"]),
        (Status.LOST, []),
        (Status.NOT_AGAIN, []),
    ],
)
def test_of_a_failed_attempt_what_redis_made_of_it_is_told(status: Status, events: list[str]) -> None:
    task = leased_task("a", body=TaskBody("f"))

    assert told_of(status, failed(task), ERROR) == events


@pytest.mark.parametrize(
    ("status", "events"),
    [
        (Status.RECOVERED, ["on_failure", "on_retry"]),
        (Status.QUARANTINED, ["on_failure", "on_dead"]),
        (Status.CANCELLED, ["on_cancelled"]),
        (Status.LOST, []),
    ],
)
def test_of_an_isolated_handler_whose_process_died_so_too(status: Status, events: list[str]) -> None:
    task = leased_task("a", body=TaskBody("f"))

    assert told_of(status, completion.crashed(task, 3, 1), ERROR) == events


def test_of_a_task_that_is_given_back_nothing_is_told() -> None:
    task = leased_task("a", body=TaskBody("f"))

    assert told_of(Status.RELEASED, completion.released(task), ERROR) == []
    assert told_of(Status.CANCELLED, completion.released(task), ERROR) == ["on_cancelled"]
