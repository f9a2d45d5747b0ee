"""The watchdog: which handlers it takes for stuck, when, and what it does if the event loop is blocked."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from redisched import Scheduler
from redisched.config import Settings, WorkerSettings
from redisched.engine.leased_task import LeasedTask
from redisched.engine.started import NoStartedTable
from redisched.engine.time_limit import SoftLimit
from redisched.engine.watchdog import DEAF_S, Watchdog
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import CancelRequested, HandlerTimedOut, Interruption, LeaseLost
from redisched.model import TaskBody
from redisched.store.operation import ScriptRunner
from redisched.store.store import Store
from tests.engine.executor_bench import StillClock
from tests.engine.leases import QUEUE, WORKER, leased_task

STUCK_AFTER_S = 5.0


class Abandoned(NoStartedTable):
    """Notes that the process was given up."""

    def __init__(self) -> None:
        self.times = 0

    def abandon(self) -> None:
        self.times += 1


class Harness:
    """A watchdog over tasks that the test sets as running. `hears` is whether the event loop reacts."""

    def __init__(self) -> None:
        app = Scheduler()
        app.task(name="plain", timeout=10)(lambda: None)
        app.task(name="apart", timeout=10, isolation="process")(lambda: None)
        app.task(name="patient")(lambda: None)
        self.clock = StillClock()
        self.started = Abandoned()
        self.hears = True
        self.running: list[LeasedTask] = []
        self.stopped: list[list[str]] = []
        context = WorkerContext(
            worker=WORKER,
            settings=Settings(),
            worker_settings=WorkerSettings(stuck_after_s=STUCK_AFTER_S),
            registry=app.registry,
            stores={(QUEUE, 0): Store(ScriptRunner(), QUEUE)},
            window=Window(20.0, 100.0),
            started=self.started,
            clock=self.clock,
            random=lambda: 0.0,
        )
        self.watchdog = Watchdog(context, lambda: self.running, self._stop)

    def extend(self, task: LeasedTask, seconds: float) -> None:
        """The handler of a task moves its timeout."""
        task.time_limit = SoftLimit(self.clock.monotonic, 10.0)
        task.time_limit.extend(seconds)

    def run(self, name: str, id: str = "a") -> LeasedTask:
        """Set a task as running, and let the watchdog see it."""
        task = leased_task(id, body=TaskBody(name))
        self.running.append(task)
        self.look()
        return task

    def look(self, after_s: float = 0.0, reply: bytes = b"LOST") -> list[tuple[Any, ...]]:
        """Let the watchdog look after a time; answers the commands that it sends."""
        self.clock.now_s += after_s
        step: Generator[Any, Any, None] = self.watchdog.step()
        commands = []
        try:
            command = next(step)
            while True:
                commands.append(command)
                command = step.send([reply])
        except StopIteration:
            return commands

    def _stop(self, stuck: list[LeasedTask], on_begun: Callable[[], None]) -> None:
        self.stopped.append([task.lease.id for task in stuck])
        if self.hears:
            on_begun()


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_a_handler_is_stuck_some_time_after_its_timeout(harness: Harness) -> None:
    harness.run("plain")
    harness.look(10.0 + STUCK_AFTER_S)
    assert harness.stopped == []
    harness.look(0.1)
    assert harness.stopped == [["a"]]


def test_a_handler_that_moved_its_timeout_is_stuck_so_much_later(harness: Harness) -> None:
    harness.extend(harness.run("plain"), 100.0)
    harness.look(110.0 + STUCK_AFTER_S)
    assert harness.stopped == []
    harness.look(0.1)
    assert harness.stopped == [["a"]]


@pytest.mark.parametrize("kind", [CancelRequested, LeaseLost])
def test_a_handler_is_stuck_some_time_after_it_was_first_told_to_end(
    harness: Harness, kind: type[Interruption]
) -> None:
    task = harness.run("patient")
    harness.watchdog.note_interruption(task, kind)
    harness.look(STUCK_AFTER_S)
    harness.watchdog.note_interruption(task, kind)
    assert harness.stopped == []
    harness.look(0.1)
    assert harness.stopped == [["a"]]


def test_a_handler_without_timeout_that_was_not_told_to_end_is_never_stuck(harness: Harness) -> None:
    harness.run("patient")
    harness.look(1e6)
    assert harness.stopped == []


def test_a_handler_that_has_ended_is_not_stuck(harness: Harness) -> None:
    harness.watchdog.note_interruption(harness.run("plain"), CancelRequested)
    harness.running.clear()
    harness.look(1e6)
    assert harness.stopped == []


def test_an_isolated_handler_is_not_watched(harness: Harness) -> None:
    harness.watchdog.note_interruption(harness.run("apart"), CancelRequested)
    harness.look(1e6)
    assert harness.stopped == []


def test_a_worker_whose_event_loop_reacts_may_take_long_to_stop(harness: Harness) -> None:
    harness.watchdog.note_interruption(harness.run("patient"), CancelRequested)
    for _ in range(100):
        assert harness.look(1.0) == []
    assert harness.started.times == 0


def test_a_process_with_a_blocked_event_loop_is_abandoned_after_the_stuck_task_is_settled(harness: Harness) -> None:
    harness.hears = False
    harness.run("plain")
    harness.run("patient", "b")
    assert harness.look(10.1 + STUCK_AFTER_S) == []
    assert harness.look(DEAF_S) == []
    (command,) = harness.look(0.1)
    assert "a" in command
    assert "b" not in command
    assert HandlerTimedOut.__name__.encode() in b" ".join(part for part in command if isinstance(part, bytes))
    assert harness.started.times == 1


def test_a_process_is_abandoned_only_once(harness: Harness) -> None:
    harness.hears = False
    harness.run("plain")
    harness.look(11.0 + STUCK_AFTER_S)
    harness.look(DEAF_S + 1)
    assert harness.look(1.0) == []
    assert harness.started.times == 1
