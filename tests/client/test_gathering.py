"""gather, gather_ended and as_completed: many tasks are waited for at once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from redisched import (
    Ended,
    Scheduler,
    TaskRef,
    as_completed,
    as_completed_async,
    gather,
    gather_async,
    gather_ended,
    gather_ended_async,
)
from redisched.errors import InvalidOption, ResultTimeout, TaskCancelled, UnknownTask
from tests.brokers import fake_broker
from tests.client.callers import Manner
from tests.client.stand_in import StandIn

Refs = list[TaskRef[Any]]


@pytest.fixture
def worker(app: Scheduler) -> StandIn:
    return StandIn(app, "default")


@pytest.fixture(params=list(Manner))
def manner(request: pytest.FixtureRequest) -> Manner:
    return Manner(request.param)


def run(app: Scheduler, manner: Manner, blocking: Callable[[], Any], twin: Callable[[], Any]) -> Any:
    if manner is Manner.BLOCKING:
        return blocking()

    async def call() -> Any:
        try:
            return await twin()
        finally:
            await app.close_async()

    return asyncio.run(call())


def enqueued(app: Scheduler, count: int) -> Refs:
    return [app.enqueue("send", id=f"task-{number}") for number in range(count)]


def finish(worker: StandIn) -> None:
    for lease in worker.lease():
        worker.finish(lease, lease.id)


def test_results_come_in_the_order_of_the_references(app: Scheduler, worker: StandIn, manner: Manner) -> None:
    refs = enqueued(app, 5)[::-1]
    finish(worker)

    results = run(app, manner, lambda: gather(refs, timeout=60), lambda: gather_async(refs, timeout=60))

    assert results == [ref.id for ref in refs]


def test_a_reference_may_be_there_twice(app: Scheduler, worker: StandIn, manner: Manner) -> None:
    (ref,) = enqueued(app, 1)
    finish(worker)
    refs = [ref, app.ref(ref.id), ref]

    assert run(app, manner, lambda: gather(refs), lambda: gather_async(refs)) == [ref.id] * 3


def test_one_that_failed_raises_and_the_others_go_on(app: Scheduler, worker: StandIn, manner: Manner) -> None:
    refs = enqueued(app, 3)
    refs[1].cancel()

    with pytest.raises(TaskCancelled):
        run(app, manner, lambda: gather(refs, timeout=60), lambda: gather_async(refs, timeout=60))

    assert len(worker.lease()) == 2


def test_all_ends_are_answered_also_those_without_a_result(app: Scheduler, worker: StandIn, manner: Manner) -> None:
    refs = [*enqueued(app, 2), app.ref("nobody", queue="default")]
    refs[0].cancel()
    finish(worker)

    ended: list[Ended[Any]] = run(
        app, manner, lambda: gather_ended(refs, timeout=60), lambda: gather_ended_async(refs, timeout=60)
    )

    assert [one.ref for one in ended] == refs
    assert [type(one.error) for one in ended] == [TaskCancelled, type(None), UnknownTask]
    assert ended[1].result() == "task-1"
    with pytest.raises(TaskCancelled):
        ended[0].result()


def test_each_task_is_given_as_soon_as_it_has_ended(app: Scheduler, worker: StandIn) -> None:
    refs = enqueued(app, 3)
    leases = {lease.id: lease for lease in worker.lease()}
    order = ["task-2", "task-0", "task-1"]

    loop = as_completed(refs, timeout=60)
    given = []
    for id in order:
        worker.finish(leases[id], id)
        given.append(next(loop).result())

    assert given == order
    assert list(loop) == []


def test_tasks_of_many_shards_and_queues_are_gathered(app: Scheduler, manner: Manner) -> None:
    app.grow("mail", 3)
    refs = [app.enqueue("send", queue=queue) for queue in ("mail", "default") for _ in range(20)]
    for worker in (StandIn(app, "default"), *(StandIn(app, "mail", shard) for shard in range(3))):
        finish(worker)

    results = run(app, manner, lambda: gather(refs, timeout=60), lambda: gather_async(refs, timeout=60))

    assert results == [ref.id for ref in refs]


def test_under_asyncio_too(app: Scheduler, worker: StandIn) -> None:
    refs = enqueued(app, 3)
    finish(worker)

    async def collect() -> set[str]:
        results = {one.result() async for one in as_completed_async(refs, timeout=60)}
        await app.close_async()
        return results

    assert asyncio.run(collect()) == {ref.id for ref in refs}


def test_the_timeout_names_a_task_that_has_not_ended(app: Scheduler, worker: StandIn, manner: Manner) -> None:
    refs = enqueued(app, 2)
    refs[0].cancel()

    with pytest.raises(ResultTimeout, match=r"'task-1' has not ended within 0\.05 s"):
        run(app, manner, lambda: gather_ended(refs, timeout=0.05), lambda: gather_ended_async(refs, timeout=0.05))


@pytest.mark.parametrize("wait", [gather, gather_ended, as_completed])
def test_no_tasks_have_no_results(wait: Callable[[Refs], Any]) -> None:
    assert list(wait([])) == []


@pytest.mark.parametrize("wait", [gather, gather_ended, as_completed])
def test_what_is_no_reference_is_refused(fake_app: Scheduler, wait: Callable[[Any], Any]) -> None:
    ref = fake_app.enqueue("send")
    with pytest.raises(InvalidOption, match="refs=42: references to tasks, as `enqueue` returns them"):
        wait([ref, 42])
    with pytest.raises(InvalidOption, match=r"refs=TaskRef.*a list or another iterable"):
        wait(ref)


@pytest.mark.parametrize("wait", [gather, gather_ended, as_completed])
def test_tasks_of_two_applications_are_refused(fake_app: Scheduler, wait: Callable[[Refs], Any]) -> None:
    other = Scheduler(broker=fake_broker())
    with pytest.raises(InvalidOption, match="references of one Scheduler"):
        wait([fake_app.enqueue("send"), other.enqueue("send")])


@pytest.mark.parametrize("wait", [gather, gather_ended, as_completed])
def test_a_bad_timeout_is_refused(fake_app: Scheduler, wait: Callable[..., Any]) -> None:
    with pytest.raises(InvalidOption, match="timeout"):
        list(wait([fake_app.enqueue("send")], timeout=-1))
