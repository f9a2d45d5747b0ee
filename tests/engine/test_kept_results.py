"""How many results are kept, and of which tasks."""

import logging

import pytest

from redisched import Scheduler
from redisched.config import Settings
from redisched.errors import InvalidOption, UnknownTask
from redisched.keys import keys_of
from redisched.model import REPLAY_MS, TaskState
from redisched.store.broker import Broker
from tests.engine.running import RunningWorker, work_off
from tests.lua.situation import ended, seed
from tests.server_time import ServerTime
from tests.waiting import wait_until

KEPT = 3


@pytest.fixture
def app(broker: Broker, clock: ServerTime) -> Scheduler:
    return Scheduler(broker=broker, settings=Settings(kept_results=KEPT))


def forget(app: Scheduler, clock: ServerTime) -> None:
    """Start a worker that reaps, and wait until the forgettable tasks are forgotten."""
    app.broker.client().perform(("DEL", keys_of("mail").reaper))
    seed(app.broker, "mail", ended("over", forgotten_ms=clock.now_ms))
    with RunningWorker(app):
        wait_until(lambda: app.ref("over", "mail").status() is TaskState.UNKNOWN, "the ended task is forgotten")


def test_only_the_newest_results_are_kept_after_the_time_for_repeated_calls(
    app: Scheduler, clock: ServerTime, caplog: pytest.LogCaptureFixture
) -> None:
    @app.task(queue="mail")
    def double(number: int) -> int:
        return 2 * number

    tasks = [double.enqueue(number) for number in range(2 * KEPT)]
    work_off(app)
    for later_ms in (0, REPLAY_MS - 1):
        clock.advance(later_ms)
        forget(app, clock)
        assert [task.result(timeout=0) for task in tasks] == [0, 2, 4, 6, 8, 10]

    clock.advance(1)
    forget(app, clock)
    assert [task.status() for task in tasks] == KEPT * [TaskState.UNKNOWN] + KEPT * [TaskState.SUCCEEDED]
    with pytest.raises(UnknownTask, match="kept_results"):
        tasks[0].result(timeout=0)
    (said,) = [record for record in caplog.records if "were forgotten before" in record.getMessage()]
    assert (said.levelno, said.args) == (logging.WARNING, ("mail", KEPT, 600.0, KEPT))


def test_results_of_tasks_with_a_retention_or_a_chosen_id_are_all_kept(app: Scheduler, clock: ServerTime) -> None:
    @app.task(queue="mail")
    def plain() -> None: ...

    @app.task(queue="mail", retention=600)
    def lasting() -> None: ...

    chosen = [plain.options(id=f"order-{number}").enqueue() for number in range(2 * KEPT)]
    lasting_ones = [lasting.enqueue() for _ in range(2 * KEPT)]
    asked = [plain.options(retention=600).enqueue() for _ in range(2 * KEPT)]
    work_off(app)
    clock.advance(590_000)
    forget(app, clock)

    assert {task.status() for task in chosen + lasting_ones + asked} == {TaskState.SUCCEEDED}


def test_results_of_cancelled_tasks_are_bounded_in_the_same_way(app: Scheduler, clock: ServerTime) -> None:
    @app.task(queue="mail")
    def plain() -> None: ...

    tasks = [plain.enqueue() for _ in range(2 * KEPT)]
    chosen = [plain.options(id=f"order-{number}").enqueue() for number in range(2 * KEPT)]
    for task in tasks + chosen:
        task.cancel()
        clock.advance(1)
    clock.advance(REPLAY_MS)
    forget(app, clock)

    assert [task.status() for task in tasks] == KEPT * [TaskState.UNKNOWN] + KEPT * [TaskState.CANCELLED]
    assert {task.status() for task in chosen} == {TaskState.CANCELLED}


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3"])
def test_an_invalid_number_of_kept_results_is_refused(count: object) -> None:
    with pytest.raises(InvalidOption, match="kept_results"):
        Settings(kept_results=count)  # type: ignore[arg-type]
