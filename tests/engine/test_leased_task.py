"""The tasks that a process holds, and what a handler can read about its task."""

from redisched.context import TaskContext
from redisched.engine.leased_task import InFlight
from redisched.model import TaskBody
from tests.engine.leases import NOW_MS, QUEUE, WORKER, leased_task


def test_more_urgent_tasks_come_first_and_ties_go_by_id() -> None:
    tasks = [leased_task("b"), leased_task("a"), leased_task("z", priority=4), leased_task("y", run_at_ms=NOW_MS - 1)]

    assert [task.lease.id for task in sorted(tasks)] == ["z", "y", "a", "b"]


def test_a_task_under_which_a_process_died_is_a_suspect() -> None:
    assert leased_task("a", crashes=1).is_suspect
    assert not leased_task("a", attempts=3).is_suspect


def test_a_handler_can_read_its_task_attempt_and_fence() -> None:
    task = leased_task("a", priority=3, run_at_ms=NOW_MS, attempts=2, token=99, body=TaskBody("mail.send"))

    assert task.task_context() == TaskContext(
        id="a",
        name="mail.send",
        queue=QUEUE,
        attempt=3,
        max_attempts=5,
        fence=99,
        priority=3,
        run_at_ms=NOW_MS,
        worker=WORKER,
    )


def test_a_removed_task_is_no_longer_held() -> None:
    in_flight = InFlight()
    task = leased_task("a")
    in_flight.add(task)
    assert list(in_flight) == [task]

    in_flight.remove(task)
    in_flight.remove(task)
    assert len(in_flight) == 0


def test_removing_an_old_lease_keeps_a_newer_one_of_the_same_task() -> None:
    in_flight = InFlight()
    old, new = leased_task("a", token=7), leased_task("a", token=8)
    in_flight.add(old)
    in_flight.add(new)
    in_flight.remove(old)

    assert list(in_flight) == [new]


def test_tasks_may_be_added_and_removed_while_another_thread_iterates() -> None:
    in_flight = InFlight()
    for id in "abc":
        in_flight.add(leased_task(id))

    for task in in_flight:
        in_flight.remove(task)
        in_flight.add(leased_task(task.lease.id + "-again"))
    assert len(in_flight) == 3
