"""Schedules of queues with several shards, and of queues that get more while slots are fired."""

import pytest

from redisched import Scheduler, TaskState
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker
from tests.engine.slot_record import QUEUE, SlotRecord
from tests.waiting import wait_until

pytestmark = pytest.mark.differs_by_routing

SCHEDULES = [f"s{number}" for number in range(8)]
SHARDS = 4


@pytest.fixture
def app(broker: Broker, record: SlotRecord) -> Scheduler:
    app = record.shop(broker)
    handler = app.handler("note")
    for name in SCHEDULES:
        app.every("1s", name=name, overlap="skip" if name < SCHEDULES[4] else "allow")(handler)
    return app


def wait_for_slots(record: SlotRecord, beyond_ms: int = 0) -> int:
    """Return once two slots of each schedule have started that come after a moment; answers the latest of them."""

    def slots() -> list[list[int]]:
        return [[one.slot_ms for one in record.of(name) if one.slot_ms > beyond_ms] for name in SCHEDULES]

    wait_until(lambda: all(len(found) >= 2 for found in slots()), "two slots of each schedule have started", 30)
    return max(slot_ms for found in slots() for slot_ms in found)


def check(app: Scheduler, record: SlotRecord) -> None:
    for name in SCHEDULES:
        record.check(name, 1_000)
        last = record.of(name)[-1]
        assert app.ref(last.id, QUEUE).status() in (TaskState.SUCCEEDED, TaskState.RUNNING)


def test_schedules_of_all_shards_are_fired(app: Scheduler, record: SlotRecord) -> None:
    app.grow(QUEUE, SHARDS)
    with RunningWorker(app), RunningWorker(app):
        wait_for_slots(record)
    check(app, record)


def test_no_slot_is_missed_or_fired_twice_while_a_queue_grows(app: Scheduler, record: SlotRecord) -> None:
    with RunningWorker(app), RunningWorker(app):
        latest_ms = wait_for_slots(record)
        app.grow(QUEUE, SHARDS)
        app.schedules.pause(SCHEDULES[0])
        app.schedules.resume(SCHEDULES[0])
        latest_ms = wait_for_slots(record, latest_ms)
    # Those who come later find the schedules where they are.
    with RunningWorker(app):
        wait_for_slots(record, latest_ms)
    for name in SCHEDULES[1:]:
        record.check(name, 1_000)
