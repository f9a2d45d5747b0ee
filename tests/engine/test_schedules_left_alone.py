"""Schedules that no worker fired in time: their policies for late slots, paused queues, and names that nobody knows."""

from typing import Any

import pytest

from redisched import Scheduler
from redisched.config import Settings
from redisched.store.broker import Broker
from redisched.store.store import Store
from tests.engine.running import RunningWorker, counts, work_off
from tests.engine.slot_record import QUEUE, SlotRecord, from_now, stored
from tests.waiting import wait_until

MINUTE_MS = 60_000
AWAY_SLOTS = 250


@pytest.fixture
def app(broker: Broker, record: SlotRecord) -> Scheduler:
    return record.shop(broker)


def left_alone(app: Scheduler, **policies: Any) -> int:
    """Add a schedule of every minute for which no worker has been there for hours; answers its next slot in time."""
    app.schedules.add("minutely", "note", every="1m", anchor=from_now(40), **policies)
    slot_ms = stored(app.broker, "minutely").slot_ms
    assert slot_ms is not None
    firing = Store(app.broker.script_runner, QUEUE).keys.firing
    app.broker.client().perform(("ZADD", firing, slot_ms - AWAY_SLOTS * MINUTE_MS, "minutely"))
    return slot_ms


@pytest.mark.differs_by_server
@pytest.mark.differs_by_routing
@pytest.mark.parametrize(
    ("misfire", "fired"), [("skip", 0), ("latest", 1), ("all(max=3)", 3), ("all", 100), ("all(max=1000)", AWAY_SLOTS)]
)
def test_late_slots_are_fired_as_the_policy_says(
    app: Scheduler, broker: Broker, record: SlotRecord, misfire: str, fired: int
) -> None:
    next_ms = left_alone(app, misfire=misfire)
    with RunningWorker(app), RunningWorker(app):
        wait_until(lambda: stored(broker, "minutely").slot_ms == next_ms, "the schedule stands where it should")
        wait_until(lambda: len(record.of("minutely")) >= fired, "its late slots have started")

    slots = [one.slot_ms for one in record.of("minutely")]
    assert slots == list(range(next_ms - fired * MINUTE_MS, next_ms, MINUTE_MS))


@pytest.mark.parametrize("misfire", ["skip", "latest", "all(max=50)"])
def test_of_late_slots_with_skip_one_call_fires_one_at_most(
    app: Scheduler, broker: Broker, record: SlotRecord, misfire: str
) -> None:
    next_ms = left_alone(app, misfire=misfire, overlap="skip")
    with RunningWorker(app):
        wait_until(lambda: stored(broker, "minutely").slot_ms == next_ms, "the schedule stands where it should")
        wait_until(lambda: len(record.of("minutely")) >= (misfire != "skip"), "what is fired has started")

    assert len(record.of("minutely")) == (misfire != "skip")


def test_a_paused_schedule_leaves_out_what_came_meanwhile(app: Scheduler, broker: Broker, record: SlotRecord) -> None:
    next_ms = left_alone(app, misfire="all")
    app.schedules.pause("minutely")
    app.schedules.resume("minutely")
    work_off(app)

    assert (stored(broker, "minutely").slot_ms, record.of("minutely")) == (next_ms, [])


def test_tasks_of_a_paused_queue_wait(app: Scheduler, broker: Broker, record: SlotRecord) -> None:
    app.queue(QUEUE).pause()
    first = from_now(1)
    app.every("1s", name="often", anchor=first, start=first)(app.handler("note"))
    with RunningWorker(app):
        wait_until(lambda: counts(broker).ready >= 2, "two slots are due")
        assert record.starts == []
        app.queue(QUEUE).resume()
        wait_until(lambda: len(record.of("often")) >= 3, "slots have started")

    record.check("often", 1_000)


def test_slots_of_a_handler_that_no_worker_knows_wait_for_one(
    app: Scheduler, broker: Broker, record: SlotRecord, caplog: pytest.LogCaptureFixture
) -> None:
    app.schedules.add("unknown", "unknown", at=from_now(0.2))
    unaware = Scheduler(broker=broker, settings=Settings(application="other"))
    with RunningWorker(unaware):
        wait_until(lambda: "unknown" in caplog.text and counts(broker).scheduled == 1, "it is put off")
    app.task(name="unknown")(record.note)
    with RunningWorker(app):
        wait_until(lambda: record.of("unknown"), "its slot has started")

    assert len(record.of("unknown")) == 1
