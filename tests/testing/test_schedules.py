"""Schedules in virtual time: declared when the block begins, each slot at its moment, and no more than is due."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched import Retry, Scheduler, TaskState, current_task, fixed, testing
from redisched.errors import InvalidOption
from redisched.placement import schedule_of
from redisched.store.schedule_values import ScheduleState
from redisched.testing import Backend

START = datetime(2030, 1, 1, tzinfo=UTC)


class Shop:
    """An application with schedules, and what its handlers did."""

    def __init__(self) -> None:
        self.app = Scheduler("redis://127.0.0.1:1/0")
        self.ran: list[tuple[str, datetime]] = []
        self.pause_s = 0.0
        self.fails = False
        self.worker: testing.VirtualWorker
        self.handler = self.app.task(name="report", retry=Retry(attempts=9, backoff=fixed(1_800)))(self.report)
        self.asleep = self.app.task(name="asleep", queue="night")(self.sleep)

    def report(self) -> None:
        """Note the slot and the time."""
        self._note()
        if self.fails:
            raise ValueError("later")

    async def sleep(self) -> None:
        """As `report`, and let time pass."""
        self._note()
        self.worker.elapse(self.pause_s)

    def _note(self) -> None:
        schedule, _, slot = current_task().id.partition("@")
        self.ran.append((f"{schedule} {slot}", self.worker.now))

    @property
    def schedules(self) -> list[str]:
        """The schedules of what ran, in that order."""
        return [name.partition(" ")[0] for name, _ in self.ran]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture(params=list(Backend))
def working(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Any]:
    """Begins the block, at the start of 2030."""
    blocks: list[Any] = []

    def begin(**options: Any) -> testing.VirtualWorker:
        blocks.append(testing.worker(shop.app, start=START, backend=request.param, **options))
        shop.worker = blocks[-1].__enter__()
        return shop.worker

    yield begin
    for block in blocks:
        block.__exit__(None, None, None)


def test_each_slot_runs_at_its_time(shop: Shop, working: Any) -> None:
    shop.app.cron("0 3 * * *", tz="Europe/Berlin", name="nightly")(shop.handler)
    shop.app.every("12h", name="often")(shop.asleep)
    worker = working()

    assert worker.run_until_idle() == 0
    assert worker.advance("30 days") == 30 + 60
    nightly = [(name, at) for name, at in shop.ran if name.startswith("nightly")]
    assert [at for _, at in nightly] == [START + timedelta(days=day, hours=2) for day in range(30)]
    assert nightly[0][0] == "nightly 2030-01-01T02:00:00Z"
    assert shop.schedules[:4] == ["nightly", "often", "often", "nightly"]
    assert worker.now == START + timedelta(days=30)


def test_nothing_waits_before_its_slot(shop: Shop, working: Any) -> None:
    shop.app.every("10s", name="often", jitter="5s")(shop.handler)
    worker = working()

    testing.assert_not_enqueued(shop.handler)
    worker.advance("9s")
    testing.assert_not_enqueued(shop.handler)
    worker.advance("6s")
    assert len(shop.ran) == 1
    assert timedelta(seconds=10) < shop.ran[0][1] - START <= timedelta(seconds=15)


def test_what_is_due_now_ends_though_handlers_take_longer_than_an_interval(shop: Shop, working: Any) -> None:
    shop.app.every("1s", name="often")(shop.asleep)
    shop.pause_s = 2.0
    worker = working()

    assert worker.run_until_idle() == 0
    assert worker.advance(5) == 5
    assert worker.now == START + timedelta(seconds=11)
    missed = worker.run_until_idle()
    assert missed == 6


def test_late_slots_are_fired_as_their_policy_says(shop: Shop, working: Any) -> None:
    for misfire in ("skip", "latest", "all(max=3)"):
        shop.app.every("1h", name=misfire.partition("(")[0], misfire=misfire)(shop.handler)
    worker = working()

    worker.elapse("10h")
    assert worker.run_until_idle() == 4
    assert sorted(shop.schedules) == ["all", "all", "all", "latest"]
    assert {at for _, at in shop.ran} == {START + timedelta(hours=10)}


def test_a_slot_is_skipped_while_the_task_before_waits_for_its_retry(shop: Shop, working: Any) -> None:
    shop.app.every("10m", name="skipping", overlap="skip")(shop.handler)
    shop.fails = True
    worker = working()

    worker.advance("20m")
    assert len(shop.ran) == 1
    shop.fails = False
    worker.advance("30m")
    assert [name for name, _ in shop.ran[:2]] == ["skipping 2030-01-01T00:10:00Z"] * 2
    assert shop.ran[2:] == [("skipping 2030-01-01T00:50:00Z", START + timedelta(minutes=50))]


def test_only_the_named_schedules_are_declared(shop: Shop, working: Any) -> None:
    shop.app.every("1h", name="one")(shop.app.every("1h", name="other")(shop.handler))
    worker = working(schedules=["other"])

    assert [view.name for view in shop.app.schedules.ls()] == ["other"]
    assert worker.advance("3h") == 3
    assert {*shop.schedules} == {"other"}


def test_a_test_can_do_without_schedules(shop: Shop, working: Any) -> None:
    shop.app.every("1s", name="often")(shop.handler)
    assert working(schedules=()).advance("365 days") == 0


def test_a_name_that_no_schedule_has_is_refused(shop: Shop, working: Any) -> None:
    shop.app.every("1h", name="hourly")(shop.handler)
    for names in (["hourly", "daily"], "daily"):
        with pytest.raises(InvalidOption, match=r"schedules='daily': names of schedules .*: hourly"):
            working(schedules=names)


def test_schedules_are_changed_while_time_passes(shop: Shop, working: Any) -> None:
    shop.app.every("1h", name="hourly")(shop.handler)
    worker, schedules = working(), shop.app.schedules

    schedules.pause("hourly")
    schedules.add("added", shop.asleep, every="30m")
    assert worker.advance("2h") == 4
    assert schedules.get("hourly").state is ScheduleState.PAUSED
    schedules.resume("hourly")
    schedules.remove("added")
    assert worker.advance("2h") == 2
    assert {*shop.schedules[4:]} == {"hourly"}

    schedules.change("hourly", every="2h")
    assert worker.advance("2h") == 1
    assert schedules.run("hourly").result() is None
    with pytest.raises(InvalidOption, match="so pause it"):
        schedules.remove("hourly")


def test_a_run_by_hand_comes_besides_the_slot_of_the_same_moment_and_other_runs(shop: Shop, working: Any) -> None:
    shop.app.every("1h", name="hourly")(shop.asleep)
    worker = working()
    shop.app.grow("night", 4)
    worker.elapse("1h")

    runs = [shop.app.schedules.run("hourly") for _ in range(2)]
    assert worker.run_until_idle() == 3
    assert {*shop.schedules} == {"hourly"}
    assert [shop.app.ref(run.id, "night").result() for run in runs] == [None, None]
    assert {schedule_of(run.id) for run in runs} == {"hourly"}


def test_a_schedule_of_a_sharded_queue_is_fired(shop: Shop, working: Any) -> None:
    for number in range(8):
        shop.app.every("1h", name=f"s{number}")(shop.asleep)
    worker = working()
    shop.app.grow("night", 4)
    shop.app.schedules.add("s8", shop.asleep, every="1h")

    assert worker.advance("2h") == 18
    assert sorted(shop.schedules) == sorted([f"s{number}" for number in range(9)] * 2)


def test_what_is_declared_within_the_block_is_fired_from_then_on(shop: Shop, working: Any) -> None:
    worker = working()
    worker.advance("90m")
    shop.app.every("1h", name="hourly")(shop.handler)

    assert worker.advance("2h") == 2
    assert shop.ran[0][1] == START + timedelta(hours=2)


def test_who_waits_for_a_task_is_told_when_something_is_due_next(shop: Shop, working: Any) -> None:
    shop.app.every("1h", name="hourly")(shop.handler)
    worker = working()
    worker.advance("50m")

    with pytest.raises(testing.NothingDue, match=r"advance\(600\)"):
        shop.handler.options(delay=7_200).enqueue().result()
    assert worker.advance(600) == 1


def test_the_block_works_within_an_event_loop(shop: Shop) -> None:
    shop.app.every("1h", name="hourly")(shop.handler)

    async def advance() -> int:
        with testing.worker(shop.app, start=START) as shop.worker:
            return shop.worker.advance("3h")

    assert asyncio.run(advance()) == 3


def test_afterwards_nothing_of_it_is_left(shop: Shop, working: Any) -> None:
    shop.app.every("1h", name="hourly")(shop.handler)
    for _ in range(2):
        with testing.worker(shop.app, start=START) as shop.worker:
            assert shop.worker.advance("1h") == 1
            task = shop.app.ref("hourly@2030-01-01T01:00:00Z", "default")
            assert task.status() is TaskState.SUCCEEDED
