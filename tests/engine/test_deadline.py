"""Deadlines, from the call to the result: no retry begins late, and the producer gets the reason and the error."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched import Retry, Scheduler, TaskState, fixed
from redisched.errors import Conflict, InvalidOption, TaskFailed
from redisched.model import DeathReason
from redisched.store.broker import Broker
from tests.engine.running import SOON, RunningWorker, look, work_off
from tests.waiting import wait_until


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


@pytest.mark.parametrize(
    ("handler", "call"),
    [
        ({"deadline": 5}, {}),
        ({}, {"deadline": timedelta(seconds=5)}),
        ({"deadline": 5_000, "retry": Retry(backoff=fixed(10), within="5s")}, {}),
    ],
    ids=["handler", "call", "within"],
)
def test_a_task_whose_retry_would_come_too_late_is_dead_with_its_error(
    app: Scheduler, handler: dict[str, Any], call: dict[str, Any]
) -> None:
    @app.task(**{"retry": Retry(backoff=fixed(10)), **handler})
    def fetch() -> None:
        raise ConnectionError("no answer")

    ref = fetch.options(**call).enqueue()
    work_off(app)

    with pytest.raises(TaskFailed, match=r"out of time for another attempt.*ConnectionError: no answer") as failed:
        ref.result(5)
    assert failed.value.reason == DeathReason.DEADLINE
    assert "in fetch" in failed.value.traceback


def test_a_retry_before_the_deadline_begins(app: Scheduler) -> None:
    attempts = []

    @app.task(deadline=60, retry=Retry(backoff=SOON, within=timedelta(hours=1)))
    def fetch() -> str:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError
        return "news"

    ref = fetch.enqueue()
    with RunningWorker(app):
        assert ref.result(20) == "news"


def test_a_retry_for_which_no_worker_came_in_time_is_dead(app: Scheduler) -> None:
    @app.task(retry=Retry(backoff=fixed(0.9)), deadline=1)
    def fetch() -> None:
        raise ConnectionError

    ref = fetch.enqueue()
    work_off(app)
    view = look(app.broker, ref.id)
    assert view.deadline_ms is not None
    wait_until(lambda: look(app.broker, ref.id).now_ms > (view.deadline_ms or 0), "the deadline is over")
    work_off(app)

    assert ref.status() is TaskState.DEAD
    assert look(app.broker, ref.id).failures[-1].reason == DeathReason.DEADLINE


@pytest.mark.parametrize("deadline", [0, -1, "soon", True, float("nan"), datetime(2030, 1, 1)])
def test_an_invalid_deadline_is_refused_and_nothing_is_written(app: Scheduler, deadline: Any) -> None:
    with pytest.raises(InvalidOption, match=r"^deadline="):
        app.enqueue("mail", deadline=deadline)
    with pytest.raises(InvalidOption, match=r"^deadline="):
        app.task(name="mail", deadline=deadline)(lambda: None)

    assert app.broker.client().perform(("DBSIZE",)) == 0


def test_a_deadline_before_the_start_and_a_fixed_one_of_a_handler_are_refused(app: Scheduler) -> None:
    with pytest.raises(InvalidOption, match="later than the time from which the task may run"):
        app.enqueue("mail", delay=60, deadline=60)
    with pytest.raises(InvalidOption, match="seconds or a timedelta from each enqueue on"):
        app.task(name="mail", deadline=datetime.now(UTC))(lambda: None)


def test_the_same_id_with_another_deadline_is_a_conflict(app: Scheduler) -> None:
    first = app.enqueue("mail", id="once", deadline=60)

    assert app.enqueue("mail", id="once", deadline=60) == first
    with pytest.raises(Conflict):
        app.enqueue("mail", id="once", deadline=61)


def test_a_deadline_that_a_handler_gets_later_does_not_change_the_call(app: Scheduler) -> None:
    first = app.enqueue("mail", id="once")
    mail = app.task(name="mail", deadline=60)(lambda: None)

    assert mail.options(id="once").enqueue() == first


@pytest.mark.parametrize("within", [0, -1, "", "6", "6 h", "h", "1w", True, "0s", float("inf")])
def test_an_invalid_within_is_refused(within: Any) -> None:
    with pytest.raises(InvalidOption, match=r"^within="):
        Retry(within=within)


@pytest.mark.parametrize(
    ("within", "within_ms"),
    [
        (90, 90_000),
        ("250ms", 250),
        ("90s", 90_000),
        ("1.5h", 5_400_000),
        ("2d", 172_800_000),
        (timedelta(hours=6), 21_600_000),
    ],
)
def test_within_is_read_in_every_form(within: Any, within_ms: int) -> None:
    assert Retry(within=within).within_ms == within_ms
    assert Retry(within=Retry(within=within).within).within_ms == within_ms
