"""The backend of Django's tasks: what its interface promises, tried on a worker in virtual time."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.utils import timezone

from redisched import testing
from redisched.django import app
from redisched.django.backend import RedischedBackend
from redisched.django.task_interface import (
    InvalidTask,
    TaskResult,
    TaskResultDoesNotExist,
    TaskResultStatus,
    signals,
)
from tests.django import BACKEND
from tests.django.shop import tasks
from tests.django.shop.tasks import NotYet, seen


def ended(result: TaskResult, worker: testing.VirtualWorker) -> TaskResult:
    worker.run_until_idle()
    result.refresh()
    return result


@contextmanager
def receiving(*names: str) -> Iterator[list[TaskResult]]:
    """The results that these signals tell while the block runs."""
    told: list[TaskResult] = []

    def receive(sender: Any, task_result: TaskResult, **_: Any) -> None:
        told.append(task_result)

    for name in names:
        getattr(signals, name).connect(receive)
    try:
        yield told
    finally:
        for name in names:
            getattr(signals, name).disconnect(receive)


def test_a_task_from_its_enqueue_to_its_result(worker: testing.VirtualWorker) -> None:
    result = tasks.add.enqueue(1, two=2)
    assert (result.status, result.args, result.kwargs) == (TaskResultStatus.READY, [1], {"two": 2})
    assert (result.attempts, result.worker_ids, result.errors, result.is_finished) == (0, [], [], False)
    assert result.started_at is result.finished_at is result.last_attempted_at is None
    waiting = tasks.add.get_result(result.id)
    assert (waiting.status, waiting.task, waiting.args) == (TaskResultStatus.READY, tasks.add, [1])
    with pytest.raises(ValueError, match="has not finished"):
        assert waiting.return_value

    assert ended(result, worker).status == TaskResultStatus.SUCCESSFUL
    assert (result.return_value, result.attempts, result.errors) == (3, 1, [])
    times: list[Any] = [result.enqueued_at, result.started_at, result.finished_at]
    assert times == sorted(times)
    assert result.last_attempted_at == result.started_at
    assert tasks.add.get_result(result.id) == result


def test_all_of_it_works_in_async_code(worker: testing.VirtualWorker) -> None:
    async def enqueue() -> TaskResult:
        try:
            return await tasks.add_async.aenqueue(1, two=3)
        finally:
            await app.close_async()

    async def look() -> TaskResult:
        try:
            return await tasks.add_async.aget_result(result.id)
        finally:
            await app.close_async()

    result = asyncio.run(enqueue())
    worker.run_until_idle()
    found = asyncio.run(look())
    assert (found.return_value, found.task) == (4, tasks.add_async)


def test_the_highest_priority_runs_first(worker: testing.VirtualWorker) -> None:
    for priority in (0, -100, 100, 1, -1):
        tasks.note.using(priority=priority).enqueue(str(priority))
    worker.run_until_idle()
    assert seen == ["100", "1", "0", "-1", "-100"]


def test_a_task_that_was_given_a_priority_of_redisched_alone_runs_and_tells_the_nearest(
    worker: testing.VirtualWorker,
) -> None:
    result = tasks.add.enqueue(1)
    app.ref(result.id).reprioritize(255)
    assert tasks.add.get_result(result.id).task.priority == -100
    assert ended(result, worker).status == TaskResultStatus.SUCCESSFUL


def test_a_task_of_a_queue_that_the_settings_have_no_more_can_be_read(worker: testing.VirtualWorker) -> None:
    result = tasks.add.using(queue_name="reports").enqueue(1)
    fewer: Any = settings.TASKS | {"default": {"BACKEND": BACKEND, "QUEUES": ["default"]}}
    with override_settings(TASKS=fewer):
        assert tasks.add.get_result(result.id).task.queue_name == "reports"


def test_a_task_knows_the_backend_that_enqueued_it(worker: testing.VirtualWorker) -> None:
    result = tasks.look.using(backend="stubborn").enqueue()
    assert (result.backend, tasks.look.get_result(result.id).backend) == ("stubborn", "stubborn")
    with receiving("task_started", "task_finished") as told:
        worker.run_until_idle()
    assert [(one.backend, one.task.backend) for one in told] == [("stubborn", "stubborn")] * 2


def test_without_retention_a_task_runs_and_signals_tell_its_end(worker: testing.VirtualWorker) -> None:
    fleeting = {"BACKEND": BACKEND, "QUEUES": [], "OPTIONS": {"retention": 0, "max_attempts": 2}}
    with override_settings(TASKS=settings.TASKS | {"default": fleeting}), receiving("task_finished") as told:
        added, cancelled = tasks.add.enqueue(1), tasks.cancel_itself.enqueue()
        worker.run_until_idle()
        for result in (added, cancelled):
            with pytest.raises(TaskResultDoesNotExist):
                result.refresh()
    assert sorted((one.id, str(one.status), one.attempts) for one in told) == [
        (added.id, "SUCCESSFUL", 1),
        (cancelled.id, "FAILED", 1),
    ]


def test_a_deferred_task_runs_at_its_time_and_says_it(worker: testing.VirtualWorker) -> None:
    run_after = worker.now + timedelta(hours=2)
    result = tasks.add.using(run_after=run_after, queue_name="reports").enqueue(5)
    assert ended(result, worker).status == TaskResultStatus.READY

    worker.advance("2h")
    result.refresh()
    assert result.return_value == 5
    assert tasks.add.get_result(result.id).task == tasks.add.using(run_after=run_after, queue_name="reports")


def test_a_failed_task_tells_each_error(worker: testing.VirtualWorker) -> None:
    result = tasks.try_again.enqueue(4)
    assert ended(result, worker).status == TaskResultStatus.READY
    assert (result.attempts, len(result.errors), result.finished_at) == (1, 1, None)

    worker.advance("1h")
    result.refresh()
    assert (result.status, result.attempts) == (TaskResultStatus.FAILED, 3)
    assert [error.exception_class for error in result.errors] == [NotYet] * 3
    assert "in the second line" in result.errors[0].traceback
    times: list[Any] = [result.started_at, result.last_attempted_at, result.finished_at]
    assert times == sorted(times)
    assert times[0] < times[1]
    with pytest.raises(ValueError, match="failed"):
        assert result.return_value


def test_a_retry_that_succeeds_keeps_the_errors_before(worker: testing.VirtualWorker) -> None:
    result = tasks.try_again.enqueue(2)
    worker.run_until_idle()
    worker.advance(10)
    result.refresh()
    assert (result.return_value, result.attempts, len(result.errors)) == (2, 2, 1)


def test_a_task_is_tried_once_unless_the_options_say_otherwise(worker: testing.VirtualWorker) -> None:
    result = ended(tasks.add.enqueue("a", two=1), worker)
    assert (result.status, result.attempts) == (TaskResultStatus.FAILED, 1)
    assert result.errors[0].exception_class is TypeError


def test_a_cancelled_task_has_failed_and_says_why(worker: testing.VirtualWorker) -> None:
    result = tasks.add.enqueue(1)
    app.ref(result.id).cancel()
    assert ended(result, worker).status == TaskResultStatus.FAILED
    assert [error.exception_class_path for error in result.errors] == ["redisched.errors.TaskCancelled"]
    assert result.attempts == 0


def test_the_context_is_that_of_the_running_attempt(worker: testing.VirtualWorker) -> None:
    result = ended(tasks.look.enqueue(), worker)
    assert result.return_value == [result.id, 1, "RUNNING", True]


def test_a_result_that_json_cannot_hold_fails_the_task(worker: testing.VirtualWorker) -> None:
    result = ended(tasks.answer_an_object.enqueue(), worker)
    assert result.status == TaskResultStatus.FAILED
    assert result.errors[0].exception_class is TypeError


def test_signals_tell_enqueue_start_and_end(worker: testing.VirtualWorker) -> None:
    told: list[tuple[str, Any, Any, int]] = []

    def receiver(name: str) -> Any:
        def receive(sender: Any, task_result: TaskResult, **_: Any) -> None:
            assert sender is RedischedBackend
            value = task_result.return_value if task_result.status == TaskResultStatus.SUCCESSFUL else None
            told.append((name, str(task_result.status), value, task_result.attempts))

        return receive

    receivers = {name: receiver(name) for name in ("task_enqueued", "task_started", "task_finished")}
    for name, receive in receivers.items():
        getattr(signals, name).connect(receive)
    try:
        tasks.add.enqueue(1)
        tasks.try_again.enqueue(2)
        worker.run_until_idle()
        worker.advance(10)
        tasks.add.enqueue("a", two=1)
        worker.run_until_idle()
    finally:
        for name, receive in receivers.items():
            getattr(signals, name).disconnect(receive)
    enqueued = ("task_enqueued", "READY", None, 0)
    assert [one for one in told if one[0] == "task_enqueued"] == [enqueued] * 3
    assert [one for one in told if one[0] == "task_started"] == [
        ("task_started", "RUNNING", None, attempts) for attempts in (1, 1, 2, 1)
    ]
    assert [one for one in told if one[0] == "task_finished"] == [
        ("task_finished", "SUCCESSFUL", 1, 1),
        ("task_finished", "SUCCESSFUL", 2, 2),
        ("task_finished", "FAILED", None, 1),
    ]


@pytest.mark.parametrize("result_id", ["123", "1m8jm7bh800009gdvpsx", ""])
def test_an_unknown_result_does_not_exist(worker: testing.VirtualWorker, result_id: str) -> None:
    with pytest.raises(TaskResultDoesNotExist):
        tasks.add.get_result(result_id)


def test_a_task_that_is_none_of_djangos_does_not_exist_for_it(worker: testing.VirtualWorker) -> None:
    other = tasks.ask.enqueue()
    with pytest.raises(TaskResultDoesNotExist):
        tasks.add.get_result(other.id)


def test_a_queue_that_is_none_is_refused_and_nothing_enqueued(worker: testing.VirtualWorker) -> None:
    with pytest.raises(InvalidTask, match=r"queue_name.*letters"):
        tasks.try_again.using(queue_name="a b").enqueue(1)
    with pytest.raises(InvalidTask, match="not valid for backend"):
        tasks.add.using(queue_name="other").enqueue(1)
    with pytest.raises(TypeError):
        tasks.add.enqueue(object())
    assert worker.run_until_idle() == 0


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"OPTIONS": {"max_retries": 1}},
            r"TASKS\['other'\] OPTIONS: there is no 'max_retries'; there are max_attempts",
        ),
        ({"OPTIONS": {"max_attempts": 0}}, r"TASKS\['other'\] OPTIONS: .*max_attempts"),
        ({"QUEUES": ["a b"]}, r"TASKS\['other'\]: .*letters"),
    ],
)
def test_a_backend_with_wrong_options_is_refused(params: Any, sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        RedischedBackend("other", params)


@override_settings(USE_TZ=False)
def test_the_times_are_naive_where_the_project_has_naive_ones(worker: testing.VirtualWorker) -> None:
    run_after = timezone.make_naive(worker.now) + timedelta(minutes=30)
    result = tasks.add.using(run_after=run_after).enqueue(1)
    assert worker.advance("29m") == 0
    worker.advance("1m")
    result.refresh()
    assert result.return_value == 1
    assert timezone.is_naive(result.finished_at)
