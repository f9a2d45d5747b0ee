"""A queue that cannot be used does not keep the schedules of others from being declared and fired."""

from collections.abc import Callable
from functools import partial

import pytest

from redisched import Scheduler
from redisched.engine import schedule_declarer, schedule_firer
from redisched.keys import keys_of
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.schedule_store import ScheduleStore
from redisched.store.scripts import FORMAT
from tests.engine.running import RunningWorker
from tests.engine.slot_record import SlotRecord
from tests.waiting import wait_until

BAD, GOOD = "m-bad", ("a-good", "z-good")
"""Whichever way queues are sorted, a good one comes after the bad one."""


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers look and announce themselves much more often."""
    monkeypatch.setattr(schedule_firer, "INTERVAL_S", 0.2)
    monkeypatch.setattr(schedule_declarer, "INTERVAL_S", 0.1)


@pytest.fixture
def app(damaged_broker: Broker, record: SlotRecord) -> Scheduler:
    app = record.shop(damaged_broker)
    handler = app.handler("note")
    for queue in (GOOD[1], BAD, GOOD[0]):
        app.every("1s", name=queue, queue=queue)(handler)
    return app


def newer_format(broker: Broker) -> None:
    broker.client().perform(("SET", keys_of(BAD).format, FORMAT + 1))


def wrong_type(broker: Broker) -> None:
    broker.client().perform(("DEL", keys_of(BAD).fired))
    broker.client().perform(("SET", keys_of(BAD).fired, "no hash"))


def are_all_others(before: set[int | None], next_slots: Callable[[], list[int | None]]) -> bool:
    return before.isdisjoint(next_slots())


def check_told(caplog: pytest.LogCaptureFixture, service: str) -> None:
    """Fail unless a service has told once that it cannot use the queue."""
    said = [one.getMessage() for one in caplog.records if one.getMessage().startswith(f"{service}: queue {BAD}: ")]
    assert len(said) == 1


@pytest.mark.parametrize("damage", [newer_format, wrong_type])
def test_a_queue_that_is_unusable_from_the_beginning(
    app: Scheduler, record: SlotRecord, damage: Callable[[Broker], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(app.broker)
    with RunningWorker(app):
        wait_until(lambda: all(record.of(queue) for queue in GOOD), "slots of the good queues start")
    assert record.of(BAD) == []
    check_told(caplog, "declarations of schedules")


@pytest.mark.parametrize("damage", [newer_format, wrong_type])
def test_a_queue_that_becomes_unusable(
    app: Scheduler, record: SlotRecord, damage: Callable[[Broker], None], caplog: pytest.LogCaptureFixture
) -> None:
    def next_slots() -> list[int | None]:
        stores = [ScheduleStore(app.broker.script_runner, queue) for queue in GOOD]
        found = [run(store.read([store.queue]), app.broker.client())[1] for store in stores]
        return [schedule.slot_ms for schedules in found for schedule in schedules]

    with RunningWorker(app):
        wait_until(lambda: all(record.of(queue) for queue in (BAD, *GOOD)), "slots of all queues start")
    damage(app.broker)
    with RunningWorker(app):
        for _ in range(3):
            before = {*next_slots()}
            wait_until(partial(are_all_others, before, next_slots), "slots of the good queues are fired")
    check_told(caplog, "schedules")
