"""Tasks that expire, from the call to the result: no worker starts them late, and the producer gets an error."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from redisched import Scheduler, TaskState
from redisched.errors import Conflict, InvalidOption, TaskExpired
from redisched.retry import Retry
from redisched.store.broker import Broker
from tests.engine.running import END_S, SOON, RunningWorker, look, work_off
from tests.waiting import wait_until


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


def is_late(app: Scheduler, task_id: str) -> bool:
    view = look(app.broker, task_id)
    assert view.expires_ms is not None
    return view.expires_ms < view.now_ms


def test_a_task_not_started_in_time_is_never_started(app: Scheduler) -> None:
    ran = []

    @app.task(expires=0.001)
    def charge(order: int) -> None:
        ran.append(order)

    late = [charge.enqueue(number) for number in range(3)]
    fresh = charge.options(expires=None).enqueue(4)
    wait_until(partial(is_late, app, late[-1].id), "the task has expired")
    work_off(app)

    assert ran == [4]
    assert fresh.result(5) is None
    assert [ref.status() for ref in late] == [TaskState.EXPIRED] * 3
    with pytest.raises(TaskExpired, match="expired: no worker started it in time"):
        late[0].result(5)


def test_the_reaper_ends_expired_tasks_that_are_not_due(app: Scheduler) -> None:
    """No claim ends such a task: claims look at due tasks only."""
    app.task(name="mail")(lambda: None)
    ref = app.enqueue("mail", delay=3_600, expires=datetime.now(UTC) + timedelta(seconds=0.2))

    with RunningWorker(app, lease_s=2.0):
        wait_until(lambda: ref.status() is TaskState.EXPIRED, "the reaper has ended the task")


def test_a_task_that_has_started_is_retried_even_after_its_expiry(app: Scheduler) -> None:
    attempts = []

    @app.task(expires=30, retry=Retry(attempts=2, backoff=SOON))
    def fragile() -> str:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError
        return "done"

    ref = fragile.enqueue()
    with RunningWorker(app):
        assert ref.result(END_S) == "done"

    assert look(app.broker, ref.id).expires_ms is None


def test_a_task_that_had_started_when_its_worker_stopped_does_not_expire(app: Scheduler) -> None:
    begun = threading.Event()

    @app.task(name="wait", expires=0.5)
    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    ref = app.enqueue("wait")
    with RunningWorker(app, grace_s=0.0) as worker:
        assert begun.wait(10)
        worker.stop()
        worker.join()

    assert look(app.broker, ref.id).expires_ms is None


@pytest.mark.parametrize("expires", [0, -1, "soon", True, float("nan"), datetime(2030, 1, 1)])
def test_an_invalid_expires_is_refused_and_nothing_is_written(app: Scheduler, expires: Any) -> None:
    with pytest.raises(InvalidOption, match=r"^expires="):
        app.enqueue("mail", expires=expires)
    with pytest.raises(InvalidOption, match=r"^expires="):
        app.task(name="mail", expires=expires)(lambda: None)

    assert app.broker.client().perform(("DBSIZE",)) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"delay": 60, "expires": 60},
        {"delay": timedelta(hours=1), "expires": timedelta(minutes=1)},
        {"run_at": 2_000_000_000, "expires": datetime.fromtimestamp(1_900_000_000, UTC)},
    ],
)
def test_a_task_that_would_expire_before_it_may_run_is_refused(app: Scheduler, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match="later than the time from which the task may run"):
        app.enqueue("mail", **options)


def test_a_handler_cannot_expire_at_a_fixed_time(app: Scheduler) -> None:
    with pytest.raises(InvalidOption, match="seconds or a timedelta from each enqueue on"):
        app.task(name="mail", expires=datetime.now(UTC))(lambda: None)


def test_the_same_id_with_another_expires_is_a_conflict(app: Scheduler) -> None:
    first = app.enqueue("mail", id="once", expires=60)

    assert app.enqueue("mail", id="once", expires=60) == first
    with pytest.raises(Conflict):
        app.enqueue("mail", id="once", expires=61)
    with pytest.raises(Conflict):
        app.enqueue("mail", id="once")
