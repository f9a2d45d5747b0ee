"""What people tell a worker: it claims nothing more, claims again, or ends."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from redisched import Scheduler, TaskState
from redisched.engine.child_spec import Ordered
from redisched.engine.order_taker import OrderTaker
from redisched.identity import next_id
from redisched.orders import WorkerOrder
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import PresentWorker
from redisched.store.roster import Roster
from tests.engine.running import RunningWorker
from tests.engine.scripted_fleet import LONG_S, START_S, MakeFleet
from tests.waiting import wait_until

SOON_S = 0.02


@pytest.fixture(autouse=True)
def told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.engine.introducer.INTERVAL_S", SOON_S)


@pytest.fixture
def blocked(broker: Broker) -> Iterator[tuple[Scheduler, threading.Event]]:
    """An application whose handler waits for an event."""
    app, going = Scheduler(broker=broker), threading.Event()
    app.task(name="wait")(lambda: going.wait(20))
    yield app, going
    going.set()


def present(broker: Broker) -> PresentWorker | None:
    found = run(Roster(broker.script_runner).workers(), broker.client()).workers
    return found[0] if found else None


def tell(broker: Broker, worker: RunningWorker, order: WorkerOrder) -> None:
    wait_until(lambda: present(broker), "the worker is present")
    assert run(Roster(broker.script_runner).order(worker.name, order, next_id()), broker.client())


def wait_until_said(broker: Broker, **facts: Any) -> PresentWorker:
    def said() -> PresentWorker | None:
        worker = present(broker)
        has_all = worker is not None and all(getattr(worker.presence, name) == fact for name, fact in facts.items())
        return worker if has_all else None

    found = wait_until(said, f"the worker says {facts}")
    assert found is not None
    return found


@pytest.mark.differs_by_routing
def test_a_quiet_worker_finishes_what_runs_and_claims_nothing(
    broker: Broker, blocked: tuple[Scheduler, threading.Event]
) -> None:
    app, going = blocked
    with RunningWorker(app, concurrency=1) as worker:
        running = app.enqueue("wait")
        wait_until_said(broker, busy=1)
        waits = app.enqueue("wait")
        tell(broker, worker, WorkerOrder.QUIET)
        wait_until_said(broker, state="quiet")
        going.set()
        assert running.result(timeout=10) is True
        later = app.enqueue("wait")
        wait_until_said(broker, busy=0, due=0)
        assert {waits.status(), later.status()} == {TaskState.READY}

        tell(broker, worker, WorkerOrder.RESUME)
        assert (waits.result(timeout=10), later.result(timeout=10)) == (True, True)


def test_a_quiet_worker_gives_back_what_waits_in_its_window(
    broker: Broker, blocked: tuple[Scheduler, threading.Event]
) -> None:
    app, going = blocked
    with RunningWorker(app, concurrency=1, lease_s=600.0, window_ms=60_000.0) as worker:
        ahead = app.enqueue("wait", delay=30)
        wait_until_said(broker, ahead=1)
        tell(broker, worker, WorkerOrder.QUIET)
        wait_until_said(broker, state="quiet", ahead=0)
        wait_until(lambda: ahead.status() is TaskState.SCHEDULED, "it is given back")
        going.set()


def test_a_worker_ends_when_it_is_told_to_stop(broker: Broker) -> None:
    with RunningWorker(Scheduler(broker=broker)) as worker:
        tell(broker, worker, WorkerOrder.STOP)
        worker.join()
    assert present(broker) is None


def test_nothing_takes_the_place_of_a_worker_without_a_supervisor(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    app = Scheduler(broker=broker)
    app.task(name="double")(lambda number: 2 * number)
    with caplog.at_level(logging.INFO), RunningWorker(app) as worker:
        tell(broker, worker, WorkerOrder.RECYCLE)
        wait_until(lambda: "has no supervisor" in caplog.text, "it is logged")
        assert app.enqueue("double", 3).result(timeout=10) == 6


def test_an_order_of_a_later_version_is_logged_once_and_changes_nothing(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    app = Scheduler(broker=broker)
    app.task(name="double")(lambda number: 2 * number)
    with RunningWorker(app) as worker:
        wait_until(lambda: present(broker), "the worker is present")
        broker.client().perform(("HSET", broker.script_runner.fleet_keys.orders, worker.name, "17 dance"))
        wait_until(lambda: "'dance', which this version does not know" in caplog.text, "it is logged")
        assert app.enqueue("double", 3).result(timeout=10) == 6
    assert caplog.text.count("dance") == 1


def test_a_worker_tells_what_it_runs_and_what_is_next(
    broker: Broker, blocked: tuple[Scheduler, threading.Event]
) -> None:
    app, going = blocked
    with RunningWorker(app, concurrency=1, lease_s=600.0, window_ms=60_000.0):
        ahead = app.enqueue("wait", delay=30)
        running = app.enqueue("wait")
        presence = wait_until_said(broker, busy=1, ahead=1).presence
        going.set()

    ((id, name, queue, since_ms),) = presence.running
    assert (id, name, queue) == (running.id, "wait", "default")
    ((next_id, next_name, _, due_ms),) = presence.window
    assert (next_id, next_name) == (ahead.id, "wait")
    assert 25_000 < due_ms - since_ms < 35_000
    assert presence.rss_bytes > 10_000_000


def test_a_process_that_was_told_to_stop_is_not_replaced(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(processes=2)
    told, other = fleet.processes
    told.says(Ordered(order=WorkerOrder.STOP))
    told.ends()
    fleet.turn()
    fleet.turn(LONG_S)

    assert fleet.running() == [other.name]
    other.says(Ordered(order=WorkerOrder.STOP))
    other.ends()
    fleet.turn()
    fleet.turn(LONG_S)
    assert fleet.fleet.slots == []


def test_an_order_that_comes_again_after_a_later_one_is_not_carried_out_again() -> None:
    claimer, left = ToldClaimer(), list[WorkerOrder]()
    order_taker = OrderTaker("a", claimer, left.append)  # type: ignore[arg-type]
    told = ["1 quiet", "2 resume", "1 quiet", "2 resume", "3 recycle"]
    assert [order_taker.take(one) for one in told] == [True] * 5
    assert not order_taker.take("3 recycle")

    assert (claimer.told, left) == (["quiet", "resume"], [WorkerOrder.RECYCLE])


class ToldClaimer:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def quiet(self) -> None:
        self.told.append("quiet")

    def resume(self) -> None:
        self.told.append("resume")


def test_a_process_that_is_to_be_recycled_drains_once_another_one_works(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(processes=2)
    first, told = fleet.processes
    told.says(Ordered(order=WorkerOrder.RECYCLE))
    fleet.turn(LONG_S)
    fleet.turn(START_S)
    assert (fleet.serving(), told.told) == ([first.name, told.name], [])

    new = fleet.replacement_works()
    assert (fleet.serving(), told.told, first.told) == ([first.name, new.name], ["drain"], [])
    told.ends()
    fleet.turn(LONG_S)
    assert fleet.running() == [first.name, new.name]
