"""A new version goes on with what an earlier one left beside tasks: schedules fire, a paused queue resumes, workers are
told, and counts are read and added to.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from redisched import current_task
from redisched.activity import Activity
from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.placement import schedule_of
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.roster import Roster
from redisched.store.tallies import ActivityKey, Batch, Span, Tallies
from tests.brokers import SINGLE as SERVERS
from tests.brokers import BrokerKind
from tests.dumps.dump import SUFFIX, Dump, DumpTime
from tests.dumps.fleet.filling import (
    APPLICATION,
    HALTED,
    HANDLER,
    LIVE_MS,
    OF_SCHEDULES,
    ORDER_ID,
    OTHER,
    QUEUES,
    SINGLE,
    TOLD,
    WAITING,
    declare_in_code,
)  # fmt: skip
from tests.dumps.fleet.looking import counts, look, schedules
from tests.dumps.fleet.write import FOLDER, LARGEST_BYTES
from tests.engine.running import RunningWorker
from tests.engine.slot_record import Started
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

PATHS = sorted(FOLDER.glob(f"*{SUFFIX}"))
DUMPS = {path.name.partition(".")[0]: Dump.read(path) for path in PATHS}
of_each_dump = pytest.mark.parametrize("dump", DUMPS.values(), ids=DUMPS.keys())
on_one_server = pytest.mark.parametrize("broker", SERVERS, indirect=True)
on_all = pytest.mark.parametrize("broker", [BrokerKind.FAKE, *SERVERS], indirect=True)
FIRED = ("declared", "skip", "added")
"""The schedules that fire every second or two."""


class Ran:
    """Notes every start. `note` is a handler."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self.ids: list[str] = []
        self.early: list[str] = []

    def note(self, *_: str) -> None:
        task = current_task()
        self.ids.append(task.id)
        self.early += [task.id] if task.run_at_ms > self._now_ms() + 1 else []

    def slots(self, schedule: str) -> list[int]:
        """The slots of a schedule that have started, in their order."""
        return sorted(Started(id, 0, 0.0).slot_ms for id in list(self.ids) if schedule_of(id) == schedule)


def loaded(dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> tuple[Scheduler, Ran, DumpTime]:
    """An application with the code of before, and what it runs."""
    time = DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())
    app, ran = Scheduler(broker=broker, settings=Settings(application=APPLICATION)), Ran(time.now_ms)
    declare_in_code(app, app.task(name=HANDLER)(ran.note))
    return app, ran, time


@pytest.mark.parametrize("path", PATHS, ids=DUMPS)
def test_a_dump_is_small(path: Path) -> None:
    assert path.stat().st_size <= LARGEST_BYTES


@of_each_dump
@on_all
def test_all_that_a_dump_has_is_seen_as_it_was(dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    app, _, _ = loaded(dump, broker, monkeypatch)

    found = look(app, dump.taken_ms)

    assert found == dump.seen
    assert {facts["shard"] for facts in found["schedules"].values()} == {0, 1, 2}
    assert {facts["state"] for facts in found["schedules"].values()} == {"active", "paused", "over"}
    assert all(found["schedules"][f"{queue}/{queue}-{name}"]["ahead"] for queue in OF_SCHEDULES for name in ("added",))


@of_each_dump
@on_one_server
def test_schedules_go_on_without_a_gap_and_paused_ones_when_they_are_resumed(
    dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, ran, _ = loaded(dump, broker, monkeypatch)
    before = dict(schedules(app))
    with RunningWorker(app, queues=OF_SCHEDULES):
        for queue in OF_SCHEDULES:
            for name in FIRED:
                wait_until(lambda: len(ran.slots(f"{queue}-{name}")) >= 3, f"{queue}-{name} goes on")  # noqa: B023
        paused = [f"{queue}-paused" for queue in OF_SCHEDULES]
        assert not any(ran.slots(name) for name in paused)
        for queue in OF_SCHEDULES:
            app.schedules.resume(f"{queue}-paused", queue=queue)
        wait_until(lambda: all(ran.slots(name) for name in paused), "those that were paused fire")

    assert (ran.early, [id for id, starts in Counter(ran.ids).items() if starts > 1]) == ([], [])
    for queue in OF_SCHEDULES:
        for name in ("declared", "added"):
            slots = ran.slots(f"{queue}-{name}")
            assert slots == list(range(slots[0], slots[-1] + 1, 1_000))
            assert slots[0] <= dump.taken_ms + 1_000
        assert not any(ran.slots(f"{queue}-{name}") for name in ("cron", "at", "over"))
    after = dict(schedules(app))
    same = [name for name in before if name.endswith(("-cron", "-at", "-over"))]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


@of_each_dump
@on_one_server
def test_a_paused_queue_waits_until_it_is_resumed(dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    app, ran, _ = loaded(dump, broker, monkeypatch)
    with RunningWorker(app, queues=QUEUES):
        wait_until(lambda: len(ran.ids) >= 5, "schedules fire")
        assert not {*ran.ids} & {*WAITING}
        app.queue(HALTED).resume()
        wait_until(lambda: {*ran.ids} >= {*WAITING}, "its tasks run")


@of_each_dump
@on_all
def test_a_worker_hears_its_order_and_one_that_says_nothing_is_gone(
    dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _, time = loaded(dump, broker, monkeypatch)
    roster, serves = Roster(broker.script_runner), Deployment(handlers=(HANDLER,)).encode()

    def introduce(worker: str, heard: str = "") -> str:
        said = roster.introduce(worker, Presence().encode(), digest_of(serves), serves, LIVE_MS, heard)
        return run(said, broker.client()).order

    assert introduce(OTHER) == ""
    assert introduce(TOLD) == f"{ORDER_ID} quiet"
    assert introduce(TOLD, f"{ORDER_ID} quiet") == ""
    time.advance(LIVE_MS // 2)
    introduce(OTHER)
    time.advance(LIVE_MS // 2)
    assert [worker.name for worker in app.workers.ls()] == [OTHER]


@of_each_dump
@on_all
def test_counts_are_added_to_and_none_is_counted_again(
    dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _, _ = loaded(dump, broker, monkeypatch)
    rows = {ActivityKey(SINGLE, HANDLER): Activity.decode(b"0=10")}

    for number in (1, 2, 2):
        run(Tallies(broker.script_runner).add(TOLD, Batch(number, dump.taken_ms, rows)), broker.client())

    found, before = counts(app, dump.taken_ms), dump.seen["counts"]
    for span in Span:
        mine = f"{span.value.name}/{SINGLE}/{HANDLER}"
        assert Activity.decode(str(before[mine]).encode()).counts[0] == 180
        assert Activity.decode(found[mine].encode()).counts[0] == 190
    assert found.keys() == before.keys()
