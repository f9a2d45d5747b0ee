"""The block in which an application works for a test, and what it leaves behind: nothing."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched import Scheduler, TaskState, testing
from redisched.broker_errors import BrokerUnavailable
from redisched.errors import HandlerTimedOut, InvalidOption, TaskFailed, UnknownTask
from redisched.testing import servers
from tests.testing import shop
from tests.testing.shop import app, done, note


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    done.clear()


def test_each_block_begins_with_nothing() -> None:
    with testing.worker(app):
        task = note.options(id="a").enqueue(1)
    with testing.worker(app) as worker:
        assert worker.run_until_idle() == 0
        with pytest.raises(UnknownTask):
            app.ref(task.id, "default").result()


def test_afterwards_the_application_is_as_before_also_after_an_error() -> None:
    before = dict(vars(app.connection))

    def fail() -> None:
        with testing.worker(app):
            app.grow("default", 3)
            note.enqueue(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert vars(app.connection) == before
    with pytest.raises(BrokerUnavailable):
        note.enqueue(1)
    with testing.worker(app):
        assert note.enqueue(2).result() == 2


def test_a_call_that_a_busy_machine_makes_slow_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = itertools.count(0.0, app.settings.timeout_s)
    monkeypatch.setattr(app.connection, "monotonic", lambda: next(now_s))
    with testing.worker(app):
        app.grow("default", 3)
        assert note.enqueue(1).result() == 1


def test_a_block_within_another_is_refused_and_harms_nothing() -> None:
    other = Scheduler()
    with testing.worker(app) as worker:
        task = note.enqueue(1)
        for application in (app, other):
            with pytest.raises(testing.WorkerInUse, match="in use already"), testing.worker(application):
                pytest.fail("it was entered")
        assert worker.run_until_idle() == 1
        assert task.result() == 1


def test_an_error_of_a_handler_is_raised_after_its_attempt_was_settled() -> None:
    with testing.worker(app, raise_errors=True) as worker:
        task = shop.fails.enqueue("no")
        with pytest.raises(ValueError, match="no"):
            worker.run_until_idle()
        assert task.status() is TaskState.RETRYING
        with pytest.raises(ValueError, match="no"):
            worker.advance("1h")
        with pytest.raises(HandlerTimedOut):
            shop.waits.enqueue(6.0).result()


def test_a_task_that_dies_without_an_error_of_its_handler_is_raised_too() -> None:
    with testing.worker(app, raise_errors=True) as worker:
        shop.unstorable.enqueue()
        with pytest.raises(TaskFailed, match="result"):
            worker.run_until_idle()


def test_what_a_handler_says_of_its_task_is_no_error() -> None:
    with testing.worker(app, raise_errors=True) as worker:
        tasks = [shop.says.enqueue(what) for what in ("snooze", "later", "reject")]
        worker.run_until_idle()
        states = [task.status() for task in tasks]

    assert states == [TaskState.SCHEDULED, TaskState.RETRYING, TaskState.DEAD]


def test_a_failure_of_the_test_within_a_handler_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    @app.task(name="asserts")
    def asserts() -> None:
        pytest.fail("seen")

    with testing.worker(app) as worker:
        task = asserts.enqueue()
        with pytest.raises(pytest.fail.Exception, match="seen"):
            worker.run_until_idle()
        assert task.status() is TaskState.READY


def test_time_begins_where_it_is_told_to_and_stands_still() -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    with testing.worker(app, start=start) as worker:
        note.options(run_at=start + timedelta(days=30)).enqueue(1)
        assert worker.now == start
        assert worker.advance("30 days") == 1
        assert worker.now == start + timedelta(days=30)


def test_a_sync_handler_lets_time_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    @app.task(name="slow", timeout=60)
    def slow(seconds: float) -> str:
        worker.elapse(seconds)
        return "done"

    with testing.worker(app) as worker:
        assert slow.enqueue(59.0).result() == "done"
        late = slow.enqueue(61.0)
        worker.run_until_idle()
        assert late.status() is TaskState.RETRYING


def test_handlers_of_named_modules_are_imported() -> None:
    importing = Scheduler(imports=["tests.testing.imported"])
    with testing.worker(importing):
        assert importing.enqueue("imported").result() == "imported"


def test_copies_on_disks_are_not_waited_for() -> None:
    with testing.worker(app):
        assert note.options(durable="local").enqueue(1).result() == 1


@pytest.mark.parametrize(
    ("option", "value"), [("backend", "redis"), ("start", "today"), ("start", datetime(2030, 1, 1))]
)
def test_what_is_no_option_is_refused(option: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=option), testing.worker(app, **{option: value}):
        pytest.fail("it was entered")


@pytest.mark.parametrize("duration", [-1, "soon", "3 fortnights", "1", None, True])
def test_what_is_no_duration_is_refused(duration: Any) -> None:
    with testing.worker(app) as worker, pytest.raises(InvalidOption, match="duration"):
        worker.advance(duration)


def test_without_fakeredis_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def __getattr__(self, name: str) -> object:
            raise ImportError(name)

    monkeypatch.setattr(servers, "fakeredis", Missing())
    servers._fake_broker.cache_clear()

    with (
        pytest.raises(testing.FakeRedisMissing, match=r"redisched\[testing\]"),
        testing.worker(app, backend="fakeredis"),
    ):
        pytest.fail("it was entered")


@pytest.mark.parametrize("run", [lambda w: w.run_until_idle(), lambda w: w.advance("1h")])
def test_after_its_block_a_worker_runs_nothing(run: Callable[[testing.VirtualWorker], Any]) -> None:
    """What it ran would enqueue into the Redis of the application."""
    ran: list[int] = []
    app = Scheduler()

    @app.task
    def note(number: int) -> None:
        ran.append(number)

    with testing.worker(app) as w:
        note.enqueue(1)
    with pytest.raises(testing.WorkerEnded, match="call it within the block"):
        run(w)
    assert ran == []


def test_what_is_no_application_is_refused() -> None:
    with pytest.raises(InvalidOption, match="app='shop:app': a Scheduler"), testing.worker("shop:app"):  # type: ignore[arg-type]
        pass
