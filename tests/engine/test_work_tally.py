"""What a worker did is counted by queue and handler, sent once, and never lost while the process lives."""

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from redisched import Retry, Scheduler, Snooze, TaskState
from redisched.activity import Activity, AttemptEnd
from redisched.engine.tally import WorkTally
from redisched.engine.tally_sender import TallySender
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable, FormatTooNew
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.tallies import ActivityKey, Batch, Span, Tallies
from tests.engine.running import RunningWorker, work_off
from tests.engine.test_introducer import Process
from tests.waiting import wait_until


def counted(broker: Broker) -> dict[ActivityKey, Activity]:
    """What was counted in this hour and the one before."""
    hour = Span.HOUR.number_at(time.time() * 1e3)
    found = run(Tallies(broker.script_runner).read(Span.HOUR, [hour - 1, hour]), broker.client())
    whole: dict[ActivityKey, Activity] = {}
    for rows in found.values():
        for key, activity in rows.items():
            whole.setdefault(key, Activity()).add(activity)
    return whole


def ends(activity: Activity) -> dict[AttemptEnd, int]:
    return {end: activity.number(end) for end in AttemptEnd if activity.number(end)}


@pytest.mark.differs_by_server
@pytest.mark.differs_by_routing
def test_every_end_of_an_attempt_is_counted(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    app.task(name="works", queue="mail")(lambda: None)
    tries: list[int] = []

    @app.task(name="fails-once", retry=Retry(backoff=[0.01]))
    def fails_once() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError

    @app.task(name="dies", max_attempts=1)
    def dies() -> None:
        raise ValueError

    @app.task(name="snoozes")
    def snoozes() -> None:
        raise Snooze(3_600)

    app.enqueue_many([app.handler("works").request() for _ in range(30)])
    for handler in (fails_once, dies, snoozes):
        handler.enqueue()
    work_off(app)
    while len(tries) < 2:
        work_off(app)

    found = counted(broker)
    assert {key.handler: ends(activity) for key, activity in found.items()} == {
        "works": {AttemptEnd.SUCCEEDED: 30},
        "fails-once": {AttemptEnd.SUCCEEDED: 1, AttemptEnd.FAILED: 1},
        "dies": {AttemptEnd.DEAD: 1},
        "snoozes": {AttemptEnd.SNOOZED: 1},
    }
    assert {key.queue for key in found} == {"mail", "default"}
    for activity in found.values():
        attempts = sum(ends(activity).values())
        assert sum(activity.waits) == sum(activity.runs) == attempts


def test_a_task_that_ends_as_cancelled_is_counted_as_that(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    begun: list[str] = []

    @app.task(name="waits")
    async def waits() -> None:
        begun.append("")
        await asyncio.Event().wait()

    with RunningWorker(app, lease_s=0.6):
        task = waits.enqueue()
        wait_until(lambda: begun, "it has begun")
        task.cancel()
        wait_until(lambda: task.status() is TaskState.CANCELLED, "it has ended")
    ((_, activity),) = counted(broker).items()
    assert ends(activity) == {AttemptEnd.CANCELLED: 1}


def test_how_long_tasks_wait_and_run_is_counted(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    app.task(name="sleeps")(lambda: threading.Event().wait(0.05))
    app.enqueue_many([app.handler("sleeps").request() for _ in range(4)])
    work_off(app, concurrency=1)

    ((_, activity),) = counted(broker).items()
    assert 200 <= activity.run_ms < 10_000
    assert activity.wait_ms >= 50 + 100 + 150
    assert sum(activity.runs[6:]) == 4


class Refusing:
    """Counts what it is given, after it has refused or lost some calls."""

    def __init__(self, *errors: Exception, counts: bool = True) -> None:
        self.errors = list(errors)
        self.counts = counts
        self.since_ms: list[int] = []
        self.given: list[tuple[int, dict[ActivityKey, str]]] = []

    def add(self, worker: str, batch: Batch) -> Any:
        assert worker == "a"
        self.since_ms.append(batch.since_ms)
        self.given.append((batch.number, {key: activity.encode() for key, activity in batch.rows.items()}))
        if self.errors:
            raise self.errors.pop(0)
        yield from ()
        return self.counts


def sending(broker: Broker, tallies: Refusing) -> tuple[TallySender, WorkTally]:
    context: WorkerContext = Process(Scheduler(broker=broker), "a").introducer._context
    context.server_clock.observe(0.0, 0.0, 1_000_000)
    return TallySender(context, None, tallies), context.tally  # type: ignore[arg-type]


def test_a_batch_whose_reply_was_lost_is_sent_again_as_it_was(broker: Broker) -> None:
    tallies, mail = Refusing(BrokerUnavailable("lost", 1.0)), ActivityKey("mail", "")

    async def body() -> None:
        sender, tally = sending(broker, tallies)
        tally.add("mail", AttemptEnd.LEASE_EXPIRED, 2)
        with pytest.raises(BrokerUnavailable):
            await sender.step()
        tally.add("mail", AttemptEnd.LEASE_EXPIRED, 5)
        for _ in range(3):
            await sender.step()

    asyncio.run(body())
    assert tallies.given == [(1, {mail: "9=2"}), (1, {mail: "9=2"}), (2, {mail: "9=5"})]
    first_ms, again_ms, next_ms = tallies.since_ms
    assert 1_000 <= first_ms == again_ms <= next_ms


def test_what_nobody_knows_to_be_counted_is_left_out_and_said(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    tallies = Refusing(counts=False)

    async def body() -> None:
        sender, tally = sending(broker, tallies)
        tally.add("mail", AttemptEnd.EXPIRED, 1)
        for _ in range(2):
            await sender.step()

    with caplog.at_level(logging.WARNING):
        asyncio.run(body())
    assert [number for number, _ in tallies.given] == [1]
    assert "is left out: for an hour it could not be told" in caplog.text


def test_nothing_is_sent_before_the_time_of_the_server_is_known(broker: Broker) -> None:
    tallies = Refusing()

    async def body() -> None:
        sender, tally = sending(broker, tallies)
        tally.add("mail", AttemptEnd.EXPIRED, 1)
        sender._context.server_clock.lowest_s = None
        await sender.step()
        assert not tallies.given
        sender._context.server_clock.observe(0.0, 0.0, 1_000_000)
        await sender.step()

    asyncio.run(body())
    assert [number for number, _ in tallies.given] == [1]


def test_a_later_format_is_said_once_and_stops_no_worker(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        sender, tally = sending(broker, Refusing(FormatTooNew("9", 4)))
        tally.add("mail", AttemptEnd.EXPIRED, 1)
        assert await sender.step() > 600

    with caplog.at_level(logging.WARNING):
        asyncio.run(body())
    assert "does not say what it does: " in caplog.text
