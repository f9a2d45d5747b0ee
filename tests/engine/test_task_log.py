"""Lines about single tasks: each names the task, its id and the attempt, and an unknown name is reported only once."""

import io
import logging
from collections.abc import Iterator

import pytest

from redisched.codec import traceback_of
from redisched.engine import completion
from redisched.engine.isolation.endings import ProcessDied, RaisedInside
from redisched.engine.leased_task import LeasedTask
from redisched.engine.log_records import name_tasks_in_records
from redisched.engine.logs import task_log
from redisched.engine.retrying import RetryAction, RetryDecision
from redisched.engine.task_log import MOST_NAMES, SAY_AGAIN_S, TaskLog, log_about
from redisched.model import DeathReason, TaskBody
from tests.engine.leases import leased_task

CRASH_LIMIT = 3
GIVEN_UP = RetryDecision(RetryAction.BURY, reason=DeathReason.ATTEMPTS)


@pytest.fixture(autouse=True)
def records_name_tasks() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    name_tasks_in_records()
    yield
    logging.setLogRecordFactory(before)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "redisched.task")
    return caplog


def test_a_line_and_its_record_name_the_task(log: pytest.LogCaptureFixture) -> None:
    task = leased_task("a")
    task.body = TaskBody("shop.add\n\x1b[31m")

    log_about(logging.WARNING, task, "has lost its lease to another worker")

    (record,) = log.records
    assert record.getMessage() == r"task shop.add\n\x1b[31m a attempt 1 has lost its lease to another worker"
    fields = (record.__dict__["redisched_task"], record.__dict__["redisched_id"], record.__dict__["redisched_attempt"])
    assert fields == (task.body.name, "a", 1)


@pytest.mark.parametrize(("crashes", "fate"), [(0, "waits to be tried again"), (2, "is dead")])
def test_a_crash_that_makes_a_task_dead_is_logged_as_its_end(
    log: pytest.LogCaptureFixture, crashes: int, fate: str
) -> None:
    task = leased_task("a")
    task.lease = task.lease._replace(crashes=crashes)

    TaskLog(logging.INFO).raised(completion.crashed(task, CRASH_LIMIT, 0), ProcessDied(-9))

    (record,) = log.records
    assert record.levelno == logging.ERROR
    assert f"{fate}: the process of its handler died (signal 9), {crashes + 1} of 3 times" in record.getMessage()


def test_a_traceback_that_is_only_text_is_shown_as_a_traceback(log: pytest.LogCaptureFixture) -> None:
    task = leased_task("a")
    task.max_attempts = 1
    error = RaisedInside("ValueError: no", "Traceback: here")

    TaskLog(logging.INFO).raised(completion.failed(task, error, GIVEN_UP, 0), error)

    (record,) = log.records
    assert record.getMessage().endswith("is dead, attempts used up: ValueError: no")
    assert record.exc_text == "Traceback: here"


@pytest.mark.parametrize("is_isolated", [False, True], ids=["here", "isolated"])
def test_a_log_handler_of_the_application_can_write_every_traceback(is_isolated: bool) -> None:
    task = leased_task("a")
    task.max_attempts = 1
    error = raised("\ud800 \x1b[31m", is_isolated)
    shown = io.BytesIO()
    handler = logging.StreamHandler(io.TextIOWrapper(shown, "utf-8", write_through=True))
    task_log.addHandler(handler)
    try:
        TaskLog(logging.INFO).raised(completion.failed(task, error, GIVEN_UP, 0), error)
    finally:
        task_log.removeHandler(handler)

    assert shown.getvalue().decode().splitlines()[-1] == r"ValueError: \ud800 \x1b[31m"


def raised(text: str, is_isolated: bool) -> Exception:
    try:
        raise ValueError(text)
    except ValueError as error:
        return RaisedInside(f"ValueError: {text}", traceback_of(error)) if is_isolated else error


def tasks_named(*names: str) -> list[LeasedTask]:
    tasks = [leased_task(f"task-{number}") for number in range(len(names))]
    for task, name in zip(tasks, names, strict=True):
        task.body = TaskBody(name)
    return tasks


def test_what_nobody_knows_is_a_warning_once_in_a_while(log: pytest.LogCaptureFixture) -> None:
    task_log = TaskLog(logging.INFO)

    for now_s, task in zip((0.0, 1.0, 2.0, SAY_AGAIN_S + 1), tasks_named("one", "one", "two", "one"), strict=True):
        task_log.unknown(task, f"handler {task.body.name}", now_s)

    assert [record.levelno for record in log.records] == [logging.WARNING] * 3
    assert [record.getMessage().split()[1] for record in log.records] == ["one", "two", "one"]


def test_what_others_know_is_told_once_and_is_no_warning(log: pytest.LogCaptureFixture) -> None:
    task_log = TaskLog(logging.INFO)

    for task in tasks_named("one", "one", "two"):
        task_log.left_to_others(task, f"handler {task.body.name}")

    assert [record.levelno for record in log.records] == [logging.INFO] * 2
    assert [record.getMessage().split()[1] for record in log.records] == ["one", "two"]


def test_of_very_many_missing_names_only_some_are_told(log: pytest.LogCaptureFixture) -> None:
    task_log = TaskLog(logging.INFO)
    (task,) = tasks_named("one")

    for number in range(MOST_NAMES + 5):
        task_log.unknown(task, f"handler {number}", 0.0)
        task_log.left_to_others(task, f"handler {number}")

    assert len(log.records) == 2 * MOST_NAMES
