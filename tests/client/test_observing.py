"""A program sees which workers live and what they did, and tells one of them what to do."""

import asyncio

import pytest

from redisched import Scheduler
from redisched.activity import AttemptEnd
from redisched.errors import InvalidOption, UnknownWorker
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker, work_off
from tests.waiting import wait_until


@pytest.mark.differs_by_routing
def test_a_worker_is_listed_while_it_lives_and_can_be_stopped(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    app.task(name="send", queue="mail")(print)
    with RunningWorker(app, concurrency=3) as worker:
        wait_until(app.workers.ls, "it is listed")
        (found,) = app.workers.ls()
        app.workers.stop(worker.name)
        worker.join()

    assert (found.name, found.presence.slots, found.deployment.queues) == (worker.name, 3, ("mail",))
    assert found.seen_ms >= found.started_ms
    assert app.workers.ls() == []


def test_an_unknown_worker_cannot_be_told_anything(broker: Broker) -> None:
    workers = Scheduler(broker=broker).workers
    for tell in (workers.quiet, workers.resume, workers.stop, workers.recycle):
        with pytest.raises(UnknownWorker, match="'nobody'"):
            tell("nobody")
    with pytest.raises(InvalidOption):
        workers.stop("")


def test_under_asyncio_it_is_the_same(broker: Broker) -> None:
    app = Scheduler(broker=broker)

    async def body() -> None:
        workers = app.workers
        for tell in (workers.quiet_async, workers.resume_async, workers.stop_async, workers.recycle_async):
            with pytest.raises(UnknownWorker):
                await tell("nobody")
        assert await workers.ls_async() == []
        assert (await app.stats_async()).rows == {}
        await broker.close_async()

    asyncio.run(body())


def test_what_workers_did_is_read_for_a_time_and_a_queue(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    app.task(name="send", queue="mail")(lambda: None)
    app.task(name="charge", queue="billing")(lambda: None)
    app.enqueue_many([app.handler("send").request() for _ in range(3)])
    app.handler("charge").enqueue()
    work_off(app)

    stats = app.stats()
    assert {key.handler: activity.number(AttemptEnd.SUCCEEDED) for key, activity in stats.rows.items()} == {
        "send": 3,
        "charge": 1,
    }
    assert stats.whole.ended == 4
    assert 60 <= stats.minutes <= 61
    assert app.stats("7d", queue="mail").whole.ended == 3
    assert app.stats(queue="other").rows == {}


@pytest.mark.parametrize("since", ["31d", 0, -1, "soon", None, True])
def test_a_time_that_is_not_counted_is_refused(broker: Broker, since: object) -> None:
    with pytest.raises(InvalidOption, match="since"):
        Scheduler(broker=broker).stats(since)  # type: ignore[arg-type]
