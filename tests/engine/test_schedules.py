"""Workers fire the slots of schedules: each once, none before its time."""

import threading
from typing import Any

import pytest

from redisched import Retry, Scheduler, fixed
from redisched.store.broker import Broker
from redisched.store.schedule_values import ScheduleState
from redisched.store.store import Store
from tests.engine.running import RunningWorker, look
from tests.engine.slot_record import QUEUE, SlotRecord, from_now, stored
from tests.waiting import wait_until


@pytest.fixture
def app(broker: Broker, record: SlotRecord) -> Scheduler:
    return record.shop(broker)


def waiting(broker: Broker, shard: int = 0) -> list[str]:
    """The ids of the tasks that wait in a shard."""
    found = broker.client().perform(("ZRANGE", Store(broker.script_runner, QUEUE, shard).keys.waiting, 0, -1))
    return [id.decode() for id in found]


@pytest.mark.differs_by_server
@pytest.mark.differs_by_routing
def test_every_slot_starts_once_and_none_before_its_time(app: Scheduler, record: SlotRecord) -> None:
    app.every("1s", name="often")(app.handler("note"))
    with RunningWorker(app), RunningWorker(app), RunningWorker(app):
        wait_until(lambda: len(record.of("often")) >= 4, "four slots have started")

    record.check("often", 1_000)


@pytest.mark.differs_by_routing
def test_slots_that_are_skipped_while_a_task_runs_are_fired_once_by_several_workers(
    app: Scheduler, record: SlotRecord
) -> None:
    app.every("1s", name="often", overlap="skip")(app.handler("note"))
    with RunningWorker(app), RunningWorker(app), RunningWorker(app):
        wait_until(lambda: len(record.of("often")) >= 4, "four slots have started")

    record.check("often", 1_000)


def test_a_schedule_ends_with_its_last_slot(app: Scheduler, broker: Broker, record: SlotRecord) -> None:
    start, end = from_now(1), from_now(3.5)
    app.every("1s", name="short", anchor=start, start=start, end=end)(app.handler("note"))
    with RunningWorker(app):
        wait_until(lambda: len(record.of("short")) == 3, "three slots have started")
        assert stored(broker, "short").state is ScheduleState.OVER
        assert waiting(broker) == []

    first_ms = round(start.timestamp() * 1e3)
    assert [one.slot_ms for one in record.of("short")] == [first_ms, first_ms + 1_000, first_ms + 2_000]


def test_tasks_are_spread_within_the_jitter(app: Scheduler, record: SlotRecord) -> None:
    app.every("1s", name="spread", jitter="900ms")(app.handler("note"))
    with RunningWorker(app):
        wait_until(lambda: len(record.of("spread")) >= 6, "six slots have started")

    record.check("spread", 1_000)
    later = [one.run_at_ms - one.slot_ms for one in record.of("spread")]
    assert max(later) <= 900
    assert len({*later}) > 1


def test_one_that_is_added_live_is_fired_and_can_be_run_at_once(app: Scheduler, record: SlotRecord) -> None:
    with RunningWorker(app):
        app.schedules.add("hourly", "note", every="1h", anchor=from_now(1800))
        app.schedules.add("once", "note", at=from_now(0.5))
        assert app.schedules.run("hourly").result(timeout=10) is None
        wait_until(lambda: record.of("once"), "its only slot has started")

    assert len(record.of("hourly")) == len(record.of("once")) == 1
    record.check("once", 1)


@pytest.mark.parametrize("verb", ["pause", "remove", "change"])
def test_what_was_enqueued_ahead_is_withdrawn(app: Scheduler, broker: Broker, record: SlotRecord, verb: str) -> None:
    app.schedules.add("soon", "note", every="1h", anchor=from_now(3))
    app.schedules.add("later", "note", every="1h", anchor=from_now(3.2))
    options: dict[str, Any] = {"every": "2h", "anchor": from_now(3_600)} if verb == "change" else {}
    with RunningWorker(app):
        wait_until(lambda: len(waiting(broker)) == 2, "both slots are enqueued ahead")
        getattr(app.schedules, verb)("soon", **options)
        wait_until(lambda: record.of("later"), "the later slot has started")

    assert record.of("soon") == []


def test_one_that_skips_waits_for_the_task_of_the_slot_before(
    app: Scheduler, broker: Broker, record: SlotRecord
) -> None:
    release = threading.Event()

    @app.every("1s", name="slow", overlap="skip")
    @app.task(name="slow", retry=Retry(attempts=2, backoff=fixed(3_600)))
    def slow() -> None:
        record.note()
        assert release.wait(20)
        if len(record.of("slow")) == 1:
            raise ValueError("again")

    with RunningWorker(app):
        wait_until(lambda: record.of("slow"), "the first slot has started")
        first = record.of("slow")[0]
        passed(broker, "slow", first.slot_ms + 2_000)
        release.set()
        wait_until(lambda: look(broker, first.id).state == "retrying", "it waits for its retry")
        passed(broker, "slow", first.slot_ms + 4_000)
        app.ref(first.id, QUEUE).run_now()
        wait_until(lambda: len({one.id for one in record.of("slow")}) >= 2, "another slot has started")

    slots = [one.slot_ms for one in record.of("slow")]
    assert slots[:2] == [first.slot_ms] * 2
    assert slots[2] >= first.slot_ms + 4_000


def passed(broker: Broker, name: str, slot_ms: int) -> None:
    """Return once a schedule has gone on beyond a slot."""

    def is_beyond() -> bool:
        next_ms = stored(broker, name).slot_ms
        return next_ms is not None and next_ms > slot_ms

    wait_until(is_beyond, "slots are passed over", timeout_s=20)
