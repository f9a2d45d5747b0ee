"""What a worker for tests does with tasks, on each of its servers."""

import asyncio
from datetime import timedelta

import pytest

from redisched import Handler, Scheduler, TaskState, as_completed, gather, gather_async, testing
from redisched.errors import TaskCancelled, TaskExpired, TaskFailed, UnknownTask
from redisched.testing import NeverIdle, NothingDue, VirtualWorker
from tests.testing import shop
from tests.testing.shop import done, mail, note


@pytest.mark.parametrize("handler", [note, mail, shop.isolated, shop.isolated_async])
def test_every_kind_of_handler_runs_in_the_process(worker: VirtualWorker, handler: Handler[..., object]) -> None:
    task = handler.enqueue((1, {"a": b"b"}))

    assert worker.run_until_idle() == 1
    assert task.result() == (1, {"a": b"b"})


def test_nothing_runs_by_itself(worker: VirtualWorker) -> None:
    task = note.enqueue(1)

    assert (task.status(), done) == (TaskState.READY, [])


def test_the_best_runs_first_in_whichever_queue(worker: VirtualWorker) -> None:
    for priority, handler in ((5, note), (3, mail), (7, note), (1, mail), (2, note)):
        handler.options(priority=priority).enqueue(priority)

    worker.run_until_idle()

    assert done == [1, 2, 3, 5, 7]


def test_what_falls_due_on_the_way_runs_in_the_order_of_time_and_priority(worker: VirtualWorker) -> None:
    for delay, priority, handler in ((60, 5, note), (30, 9, mail), (60, 1, mail), (3_600, 0, note)):
        handler.options(delay=delay, priority=priority).enqueue((delay, priority))

    assert worker.advance("1 hour") == 4
    assert done == [(30, 9), (60, 1), (60, 5), (3_600, 0)]


def test_the_shards_of_a_queue_are_one(worker: VirtualWorker) -> None:
    shop.app.grow("default", 4)
    for priority in (3, 1, 2, 0, 5, 4):
        note.options(priority=priority).enqueue(priority)

    worker.run_until_idle()

    assert done == [0, 1, 2, 3, 4, 5]


def test_a_task_by_name_in_a_queue_without_handlers_runs_too(worker: VirtualWorker) -> None:
    task = shop.app.enqueue(note.name, 1, queue="other")

    assert task.result() == 1


def test_a_retry_runs_when_its_whole_pause_is_over(worker: VirtualWorker) -> None:
    task = shop.fails.enqueue("no")

    assert worker.run_until_idle() == 1
    assert task.status() is TaskState.RETRYING
    assert worker.advance(4.999) == 0
    assert worker.advance(0.001) == 1
    assert worker.advance(timedelta(seconds=10)) == 1
    assert (task.status(), done) == (TaskState.DEAD, [1, 2, 3])
    with pytest.raises(TaskFailed, match="ValueError: no"):
        task.result()


@pytest.mark.parametrize(("what", "pause_s"), [("snooze", 3_600), ("later", 60)])
def test_a_handler_says_when_its_task_runs_again(worker: VirtualWorker, what: str, pause_s: float) -> None:
    task = shop.says.enqueue(what)
    worker.run_until_idle()

    assert worker.advance(pause_s - 1) == 0
    assert worker.advance(1) == 1
    assert task.result() == what


def test_checkpoints_reach_the_next_attempt(worker: VirtualWorker) -> None:
    task = shop.resumes.enqueue()
    worker.advance("1m")

    assert task.result() == [1, 2, 3]


def test_what_a_handler_tells_of_its_progress_can_be_read(worker: VirtualWorker) -> None:
    task = shop.tells.enqueue()
    worker.run_until_idle()

    progress = task.progress()
    assert progress is not None
    assert (progress.done, progress.total, progress.note) == (1, 2, "half")
    assert [line.text for line in task.log().lines] == ["begun"]


def test_a_handler_that_may_start_once_starts(worker: VirtualWorker) -> None:
    assert shop.once.enqueue().result() == "once"


def test_an_async_handler_takes_the_time_it_waits(worker: VirtualWorker) -> None:
    before = worker.now
    task = shop.waits.options(timeout=None).enqueue(86_400.0)
    worker.run_until_idle()

    assert task.result() == 86_400.0
    assert timedelta(days=1) <= worker.now - before < timedelta(days=1, seconds=1)


def test_an_async_handler_times_out_in_virtual_time(worker: VirtualWorker) -> None:
    before = worker.now
    task = shop.waits.enqueue(3_600.0)
    worker.run_until_idle()

    assert task.status() is TaskState.RETRYING
    assert timedelta(seconds=5) <= worker.now - before < timedelta(seconds=6)
    worker.advance("1h")
    with pytest.raises(TaskFailed, match="HandlerTimedOut"):
        task.result()


def test_a_handler_that_asks_for_more_time_has_it(worker: VirtualWorker) -> None:
    assert shop.extends.enqueue(60.0).result() == 60.0


def test_a_task_that_is_not_started_in_time_expires(worker: VirtualWorker) -> None:
    task = note.options(expires=90).enqueue(1)
    late = note.options(expires=30).enqueue(2)
    worker.elapse("1m")
    assert worker.run_until_idle() == 1

    assert task.result() == 1
    with pytest.raises(TaskExpired):
        late.result()


def test_no_retry_begins_after_the_deadline(worker: VirtualWorker) -> None:
    task = shop.fails.options(deadline=7).enqueue("no")
    worker.advance("1h")

    assert (done, task.status()) == ([1, 2], TaskState.DEAD)


def test_a_unique_task_is_enqueued_once_until_it_has_ended(worker: VirtualWorker) -> None:
    first = note.options(unique=True).enqueue(1)
    second = note.options(unique=True).enqueue(1)
    assert second.id == first.id
    worker.run_until_idle()

    assert note.options(unique=True).enqueue(1).is_new


def test_a_cancelled_task_does_not_run(worker: VirtualWorker) -> None:
    task = note.enqueue(1)
    task.cancel()

    assert worker.run_until_idle() == 0
    with pytest.raises(TaskCancelled):
        task.result()


def test_what_has_ended_is_forgotten_after_its_retention(worker: VirtualWorker) -> None:
    task = note.enqueue(1)
    worker.advance("9m")
    assert task.result() == 1
    worker.advance("1h")
    with pytest.raises(UnknownTask):
        task.result()


def test_who_waits_for_a_result_runs_the_worker(worker: VirtualWorker) -> None:
    tasks = [note.enqueue(1), mail.enqueue(2), shop.isolated.enqueue(3)]

    assert gather(tasks) == [1, 2, 3]
    assert [ended.result() for ended in as_completed([note.enqueue(4), mail.enqueue(5)])] in ([4, 5], [5, 4])


def test_who_waits_for_what_is_not_due_is_told_how_long_to_advance(worker: VirtualWorker) -> None:
    task = note.options(delay=90).enqueue(1)

    with pytest.raises(NothingDue, match=rf"{task.id} cannot end now.* in 90 s: advance\(90\)"):
        task.result()
    worker.advance(90)
    assert task.result() == 1


@pytest.mark.parametrize(("handler", "child"), [(shop.parent, 1), (shop.parent_async, 1)])
def test_a_handler_may_wait_for_the_task_of_another(
    worker: VirtualWorker, handler: Handler[..., int], child: int
) -> None:
    assert handler.enqueue(1).result() == 2
    assert done == [child]


def test_under_asyncio_it_is_the_same(worker: VirtualWorker) -> None:
    async def program() -> list[object]:
        tasks = [await note.enqueue_async(1), await mail.enqueue_async(2), await shop.parent_async.enqueue_async(3)]
        assert worker.run_until_idle() == 4
        later = await mail.options(delay=60).enqueue_async(5)
        assert worker.advance("1m") == 1
        another = await shop.parent.enqueue_async(6)
        return [*await gather_async(tasks), await later.result_async(), await another.result_async()]

    assert asyncio.run(program()) == [1, 2, 4, 5, 7]


def test_an_endless_row_of_tasks_is_stopped(worker: VirtualWorker) -> None:
    shop.again.enqueue()

    with pytest.raises(NeverIdle, match="30 attempts"):
        worker.run_until_idle(most=30)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_handler_that_raises_what_closes_generators_has_failed(*, is_async: bool) -> None:
    def leave() -> None:
        raise GeneratorExit

    async def leave_async() -> None:
        leave()

    app = Scheduler()
    handler = app.task(name="leave", max_attempts=1)(leave_async if is_async else leave)
    with testing.worker(app), pytest.raises(TaskFailed, match="GeneratorExit"):
        handler.enqueue().result()
