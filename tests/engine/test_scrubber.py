"""The scrubber: which worker scrubs, how often, and how a fleet repairs a damaged queue."""

import asyncio
import logging

import pytest

from redisched import Scheduler
from redisched.config import Settings, WorkerSettings
from redisched.engine import scrubber
from redisched.engine.reaper import Reaper
from redisched.engine.scrubber import (
    CALL_EVERY_S,
    DEEP_CALL_EVERY_S,
    PASS_EVERY_S,
    POLICY_EVERY_S,
    PolicyWatch,
    Scrubber,
)
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerRefused, QueueFull
from redisched.keys import keys_of
from redisched.model import DeathReason, TaskState
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run, run_async
from redisched.store.repair import SOUND, Repair
from redisched.store.store import Store
from tests.brokers import fake_broker, on_each_primary
from tests.engine.running import RunningWorker, counts, look
from tests.lua.reaping import reaper
from tests.lua.situation import Situation, leased, record_of, seed, together, waiting
from tests.scrubbing import scrub, scrub_all
from tests.waiting import wait_until

QUEUE = "default"
KEYS = keys_of(QUEUE)


class MovableClock:
    now_s = 10.0

    def monotonic(self) -> float:
        return self.now_s


class Shift:
    """A scrubber on a queue; its worker is the reaper or is not, as the test sets it."""

    def __init__(self, broker: Broker, situation: Situation) -> None:
        seed(broker, QUEUE, situation)
        self.broker = broker
        self.client = broker.async_client()
        self.clock = MovableClock()
        settings = WorkerSettings()
        store = Store(broker.script_runner, QUEUE)
        self.context = WorkerContext(
            worker="w",
            settings=Settings(),
            worker_settings=settings,
            registry=Scheduler().registry,
            stores={(QUEUE, 0): store},
            window=Window(settings.window_ms, settings.release_after_ms),
            started=NoStartedTable(),
            clock=self.clock,
            random=lambda: 0.0,
        )
        self.reaper = Reaper(self.context, store, lambda shard_map: None, is_elsewhere=False)
        self.scrubber = Scrubber(self.context, store, self.client, self.reaper, PolicyWatch(self.clock, self.client))

    async def delays(self, steps: int) -> list[float]:
        """How long the scrubber waits after each of so many steps."""
        return [await self.scrubber.step() for _ in range(steps)]


def delays(situation: Situation, steps: int) -> list[float]:
    """How long a scrubber waits after each of its first steps."""

    async def steps_on(broker: Broker) -> list[float]:
        shift = Shift(broker, situation)
        return [await shift.scrubber.step() for _ in range(steps)]

    return asyncio.run(steps_on(fake_broker()))


def test_a_small_queue_is_scrubbed_by_one_call_at_long_intervals() -> None:
    assert delays(together(waiting("a"), leased("b", ends_ms=0)), 3) == [PASS_EVERY_S] * 3


def test_a_large_queue_is_scrubbed_by_several_calls() -> None:
    queue = together(*(waiting(f"id-{number}") for number in range(700)))

    found = delays(queue, 8)

    assert found[0] == CALL_EVERY_S
    assert PASS_EVERY_S in found


def test_sizes_that_disagree_cause_a_full_pass_at_once() -> None:
    damaged = {"tasks": {f"id-{number}": record_of("a") for number in range(500)}}

    found = delays(damaged, 8)

    assert found[0] == DEEP_CALL_EVERY_S
    assert found[-1] in (PASS_EVERY_S, CALL_EVERY_S)


def test_damage_that_cannot_be_repaired_causes_only_one_full_pass() -> None:
    runs_without_record = {name: of for name, of in leased("a", ends_ms=0).items() if name != "tasks"}

    assert delays(runs_without_record, 4) == [DEEP_CALL_EVERY_S, PASS_EVERY_S, PASS_EVERY_S, PASS_EVERY_S]


def test_a_worker_that_does_not_reap_does_not_scrub() -> None:
    async def step() -> float:
        shift = Shift(fake_broker(), {"tasks": {"a": record_of("a")}})
        shift.reaper.is_elsewhere = True
        delay_s = await shift.scrubber.step()
        assert not shift.broker.client().perform(("EXISTS", KEYS.repairs))
        return delay_s

    assert asyncio.run(step()) == CALL_EVERY_S


def test_damage_that_blocks_the_reaper_is_repaired() -> None:
    async def heal() -> None:
        shift = Shift(fake_broker(), together(leased("a", ends_ms=0), {"held": {"a": "garbage"}}, reaper("w")))
        await run_async(shift.reaper.step(), shift.client)
        while await shift.scrubber.step() != PASS_EVERY_S:
            pass
        assert look(shift.broker, "a").state is TaskState.READY

    asyncio.run(heal())


def test_a_worker_whose_reaper_fails_still_scrubs() -> None:
    async def heal() -> None:
        shift = Shift(fake_broker(), {"tasks": {"a": record_of("a")}})
        shift.broker.client().perform(("SET", KEYS.claims, "something else"))
        shift.reaper.is_elsewhere = True
        with pytest.raises(BrokerRefused):
            await run_async(shift.reaper.step(), shift.client)
        while await shift.scrubber.step() != PASS_EVERY_S:
            pass
        assert look(shift.broker, "a").state is TaskState.READY

    asyncio.run(heal())


def test_t23_an_eviction_policy_set_while_a_worker_runs_is_reported(
    real_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    async def watch() -> list[str]:
        shift = Shift(real_broker, waiting("a"))
        on_each_primary(real_broker, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        await shift.scrubber.step()
        assert not caplog.records
        shift.clock.now_s += POLICY_EVERY_S
        await shift.scrubber.step()
        await real_broker.close_async()
        return [record.getMessage() for record in caplog.records]

    with caplog.at_level(logging.WARNING, "redisched.worker"):
        try:
            told = [message.partition(" may ")[2] for message in asyncio.run(watch())]
            assert told == ["evict tasks: maxmemory-policy is allkeys-lru"] * len(real_broker.client().primaries())
        finally:
            on_each_primary(real_broker, "CONFIG", "SET", "maxmemory-policy", "noeviction")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrubbers that hardly wait."""
    monkeypatch.setattr(scrubber, "PASS_EVERY_S", 0.05)
    monkeypatch.setattr(scrubber, "CALL_EVERY_S", 0.02)


def repairs(broker: Broker) -> dict[Repair, int]:
    """The number of repairs so far."""
    return run(Inspector(broker.script_runner, QUEUE).repairs(), broker.client())


def is_drained(broker: Broker) -> bool:
    """Whether no task is left to run or to repair."""
    # The order matters: a task that is repaired between the two looks is alive in the second.
    is_sound = scrub(broker, QUEUE, parts=()).balance == SOUND
    found = counts(broker)
    return is_sound and not found.ready + found.scheduled + found.leased


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("key", [KEYS.waiting, KEYS.leases, KEYS.held, KEYS.tasks, KEYS.outcomes, KEYS.finished])
def test_t29_a_fleet_that_loses_a_whole_key_drains_its_queue(damaged_broker: Broker, key: str) -> None:
    app = Scheduler(broker=damaged_broker)
    app.task(name="add")(lambda a, b: a + b)
    tasks = app.enqueue_many([app.request("add", number, 1, delay=0.2) for number in range(300)])

    with RunningWorker(app, concurrency=2), RunningWorker(app, concurrency=2):
        wait_until(lambda: counts(damaged_broker).finished > 20, "a few tasks have run")
        damaged_broker.client().perform(("DEL", key))
        wait_until(lambda: is_drained(damaged_broker), "no task is left to run or to repair", timeout_s=60)

    ends = [task.status() for task in tasks]
    assert set(ends) <= {TaskState.SUCCEEDED, TaskState.DEAD, TaskState.UNKNOWN}
    assert ends.count(TaskState.UNKNOWN) == repairs(damaged_broker).get(Repair.OUTCOME_LOST, 0)
    assert scrub_all(damaged_broker, QUEUE) == []


def evict(broker: Broker, key: str) -> None:
    """Let Redis evict one key, the only one that it may evict."""
    perform = broker.client().perform
    perform(("EXPIRE", key, 3600))
    on_each_primary(broker, "CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    on_each_primary(broker, "CONFIG", "SET", "maxmemory", 1)
    with pytest.raises(QueueFull):
        perform(("SET", "one", "more"))
    on_each_primary(broker, "CONFIG", "SET", "maxmemory", 0)
    on_each_primary(broker, "CONFIG", "SET", "maxmemory-policy", "noeviction")
    assert perform(("EXISTS", key)) == 0


@pytest.mark.usefixtures("hurried")
def test_t23_evicted_records_are_found_and_reported(damaged_broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    app = Scheduler(broker=damaged_broker)
    app.task(name="add")(lambda a, b: a + b)
    tasks = app.enqueue_many([app.request("add", number, 1, delay=3600) for number in range(50)])
    evict(damaged_broker, KEYS.tasks)

    with caplog.at_level(logging.WARNING), RunningWorker(app):
        wait_until(lambda: counts(damaged_broker).dead == 50, "all tasks are dead", timeout_s=60)

    assert repairs(damaged_broker) == {Repair.RECORD_LOST: 50}
    failure = look(damaged_broker, tasks[0].id).failure
    assert failure is not None
    assert failure.reason == DeathReason.RECORD_LOST
    assert {task.id for task in tasks} == {
        record.getMessage().split()[1] for record in caplog.records if "its record is gone" in record.getMessage()
    }
