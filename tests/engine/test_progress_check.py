"""Which worker processes make no progress, and which only look so."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from redisched import Scheduler
from redisched.config import Settings, WorkerSettings
from redisched.engine.completion import Settlement
from redisched.engine.leased_task import LeasedTask
from redisched.engine.progress_check import GAP_S, LOOK_EVERY_S, OVERDUE_S, STALLED_S, ProgressCheck
from redisched.engine.stall import Stall
from redisched.engine.started import NoStartedTable
from redisched.engine.time_limit import SoftLimit
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable
from redisched.model import TaskBody
from redisched.orders import WorkerState
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import Ack, Release
from tests.engine.executor_bench import StillClock
from tests.engine.leases import NOW_MS, WORKER, leased_task

QUEUE = "default"


class Noting(NoStartedTable):
    """What a supervisor would read."""

    is_read = True

    def __init__(self) -> None:
        self.stall = Stall.NONE

    def note_stall(self, stall: Stall, since_s: float) -> None:
        self.stall = stall


class Checked:
    """A worker of two slots over a real queue, whose clocks the test moves."""

    def __init__(self, broker: Broker, app: Scheduler) -> None:
        self.broker = broker
        self.clock = StillClock()
        self.clock.now_s = 1_000.0
        self.started = Noting()
        self.running: list[LeasedTask] = []
        self.state = WorkerState.WORKING
        self.ends: Counter[type[Settlement]] = Counter()
        self.asked = 0
        self.context = WorkerContext(
            worker=WORKER,
            settings=Settings(),
            worker_settings=WorkerSettings(concurrency=2),
            registry=app.registry,
            stores={(QUEUE, 0): Store(broker.script_runner, QUEUE)},
            window=Window(20.0, 100.0),
            started=self.started,
            clock=self.clock,
            random=lambda: 0.0,
        )
        self.context.server_clock.observe(1_000.0, 1_000.0, NOW_MS * 1_000)
        self.check = ProgressCheck(self.context, broker, lambda: self.running, lambda: self.state, self.ends)

    def pass_time(self, seconds: float, each: Callable[[], object] = lambda: None, every_s: float = 1.0) -> Stall:
        """Check again and again; answers what a supervisor reads at the end."""
        end_s = self.clock.now_s + seconds
        while self.clock.now_s < end_s:
            self.clock.now_s += every_s
            each()
            run(self.check.step(), cast(Any, SimpleNamespace(perform=self._perform)))
        return self.started.stall

    def _perform(self, command: Any) -> Any:
        self.asked += 1
        return self.broker.client().perform(command)

    def hold(self, *names: str) -> None:
        """Have due tasks in the window."""
        self.context.window.add([self.task(name) for name in names], self.context.server_now_ms())

    def task(self, name: str = "plain", started_s_ago: float = 0.0) -> LeasedTask:
        task = leased_task("a")
        task.body = TaskBody(name)
        task.started_ms = round(self.context.server_now_ms() - started_s_ago * 1e3)
        return task


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="plain", timeout=10)(lambda: None)
    app.task(name="patient")(lambda: None)
    return app


@pytest.fixture
def checked(broker: Broker, app: Scheduler) -> Checked:
    return Checked(broker, app)


def enqueue_late(checked: Checked, app: Scheduler, seconds: float) -> None:
    """A task that has been due for so long."""
    app.enqueue("plain")
    waiting, client = Store(checked.broker.script_runner, QUEUE).keys.waiting, checked.broker.client()
    member, score = client.perform(("ZRANGE", waiting, "0", "-1", "WITHSCORES"))
    client.perform(("ZADD", waiting, str(int(score) - round(seconds * 1e3)), member))


# ---- tasks are due in the window, and none starts


def test_a_window_from_which_nothing_starts_is_found_after_a_while(checked: Checked) -> None:
    checked.hold("plain")
    checked.running = [checked.task("patient")]
    assert checked.pass_time(STALLED_S) is Stall.NONE
    assert checked.pass_time(3.0) is Stall.WINDOW
    checked.context.window.take_all()
    assert checked.pass_time(1.0) is Stall.NONE


def test_a_busy_worker_always_has_tasks_in_its_window_and_makes_progress(checked: Checked) -> None:
    checked.hold("plain")
    assert checked.pass_time(3 * STALLED_S, lambda: checked.ends.update([Ack])) is Stall.NONE
    assert checked.pass_time(3 * STALLED_S, lambda: setattr(checked, "running", [checked.task()])) is Stall.NONE


def test_giving_tasks_back_is_no_progress(checked: Checked) -> None:
    checked.hold("plain")
    assert checked.pass_time(STALLED_S + 3.0, lambda: checked.ends.update([Release])) is Stall.WINDOW


def test_tasks_ahead_of_their_time_need_not_start(checked: Checked) -> None:
    later = leased_task("a", run_at_ms=NOW_MS + 120_000)
    checked.context.window.add([later], NOW_MS)
    assert checked.pass_time(100.0) is Stall.NONE
    # It has been due for long and does not start.
    assert checked.pass_time(20.0 + STALLED_S + 3.0) is Stall.WINDOW


def test_a_full_worker_need_not_start_what_waits(checked: Checked) -> None:
    checked.hold("plain", "plain")
    checked.running = [checked.task("patient"), checked.task("patient")]
    assert checked.pass_time(10 * STALLED_S) is Stall.NONE


@pytest.mark.parametrize("state", [WorkerState.QUIET, WorkerState.DRAINING, WorkerState.STOPPING])
def test_a_worker_that_was_told_to_claim_nothing_is_no_fault(
    checked: Checked, app: Scheduler, state: WorkerState
) -> None:
    enqueue_late(checked, app, 1_000.0)
    checked.state = state
    checked.hold("plain")
    assert checked.pass_time(10 * STALLED_S) is Stall.NONE
    assert checked.asked == 0


def test_a_machine_that_was_suspended_is_no_fault(checked: Checked, app: Scheduler) -> None:
    enqueue_late(checked, app, 1_000.0)
    checked.hold("plain")
    assert checked.pass_time(20 * STALLED_S, every_s=GAP_S + 1.0) is Stall.NONE


# ---- tasks are ready, and none is claimed


def test_a_task_that_has_been_ready_for_long_and_is_not_claimed_is_found(checked: Checked, app: Scheduler) -> None:
    enqueue_late(checked, app, 2 * STALLED_S)
    assert checked.pass_time(STALLED_S - 1.0) is Stall.NONE
    assert checked.pass_time(LOOK_EVERY_S) is Stall.UNCLAIMED
    checked.context.in_flight.add(checked.task())
    assert checked.pass_time(1.0) is Stall.NONE


def test_an_idle_worker_is_healthy_and_asks_redis_rarely(checked: Checked) -> None:
    assert checked.pass_time(10 * LOOK_EVERY_S) is Stall.NONE
    assert 0 < checked.asked <= 12


def test_a_task_that_is_not_due_or_has_just_become_is_no_fault(checked: Checked, app: Scheduler) -> None:
    app.enqueue("plain", delay=3_600)
    app.enqueue("plain")
    assert checked.pass_time(10 * LOOK_EVERY_S) is Stall.NONE


def test_a_paused_queue_is_no_fault_until_it_is_resumed(checked: Checked, app: Scheduler) -> None:
    enqueue_late(checked, app, 1_000.0)
    app.queue(QUEUE).pause()
    assert checked.pass_time(10 * LOOK_EVERY_S) is Stall.NONE
    app.queue(QUEUE).resume()
    assert checked.pass_time(LOOK_EVERY_S) is Stall.UNCLAIMED


def test_a_worker_that_claims_and_gives_back_what_it_does_not_know_is_no_fault(
    checked: Checked, app: Scheduler
) -> None:
    enqueue_late(checked, app, 1_000.0)

    def claim() -> None:
        task = checked.task()
        checked.context.in_flight.add(task)
        checked.context.in_flight.remove(task)

    assert checked.pass_time(10 * LOOK_EVERY_S, claim) is Stall.NONE


def test_a_full_worker_need_not_claim(checked: Checked, app: Scheduler) -> None:
    enqueue_late(checked, app, 1_000.0)
    checked.running = [checked.task("patient"), checked.task("patient")]
    assert checked.pass_time(10 * LOOK_EVERY_S) is Stall.NONE
    checked.running.pop()
    assert checked.pass_time(STALLED_S + LOOK_EVERY_S) is Stall.UNCLAIMED


def test_a_queue_that_redis_refuses_is_no_fault(checked: Checked, app: Scheduler) -> None:
    enqueue_late(checked, app, 1_000.0)
    (store,) = checked.context.stores.values()
    checked.broker.client().perform(("SET", store.keys.format, "99"))
    assert checked.pass_time(3 * LOOK_EVERY_S) is Stall.NONE


def test_redis_that_is_away_is_told_to_the_lease_renewer(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    def perform(_command: Any) -> Any:
        raise BrokerUnavailable("away", 1.0)

    monkeypatch.setattr(checked, "_perform", perform)
    with pytest.raises(BrokerUnavailable):
        checked.pass_time(STALLED_S + LOOK_EVERY_S)
    assert checked.started.stall is Stall.NONE


# ---- all slots are overdue


def test_slots_that_are_all_overdue_are_found(checked: Checked) -> None:
    checked.running = [checked.task(), checked.task()]
    assert checked.pass_time(10.0) is Stall.NONE
    grace_s = checked.context.registry.get("plain").options.timeout_grace_ms / 1e3  # type: ignore[union-attr]
    assert checked.pass_time(grace_s + OVERDUE_S + 3.0) is Stall.OVERDUE
    checked.running.pop()
    assert checked.pass_time(1.0) is Stall.NONE


def test_one_handler_in_time_or_without_a_timeout_is_enough(checked: Checked) -> None:
    checked.running = [checked.task(started_s_ago=3_600.0), checked.task("patient", started_s_ago=3_600.0)]
    assert checked.pass_time(3 * OVERDUE_S) is Stall.NONE
    checked.running = [checked.task("gone", started_s_ago=3_600.0), checked.task(started_s_ago=3_600.0)]
    assert checked.pass_time(3 * OVERDUE_S) is Stall.NONE


def test_time_that_a_handler_was_given_counts(checked: Checked) -> None:
    checked.running = [checked.task(started_s_ago=3_600.0) for _ in range(2)]
    for task in checked.running:
        task.time_limit = SoftLimit(lambda: 0.0, 10.0)
        task.time_limit.extend(7_200)
    assert checked.pass_time(3 * OVERDUE_S) is Stall.NONE


def test_without_a_supervisor_nothing_is_checked(checked: Checked, app: Scheduler) -> None:
    enqueue_late(checked, app, 1_000.0)
    checked.started.is_read = False
    checked.hold("plain")
    assert checked.pass_time(10 * STALLED_S) is Stall.NONE
    assert checked.asked == 0
