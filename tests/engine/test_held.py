"""What a process holds, and what a handler may know of its task."""

from redisched.context import TaskContext
from redisched.engine.held import Holdings
from redisched.model import TaskBody
from tests.engine.leases import NOW_MS, QUEUE, WORKER, held


def test_better_tasks_come_first_and_ties_go_by_id() -> None:
    tasks = [held("b"), held("a"), held("z", priority=4), held("y", run_at_ms=NOW_MS - 1)]

    assert [task.lease.id for task in sorted(tasks)] == ["z", "y", "a", "b"]


def test_a_task_under_which_a_process_died_is_a_suspect() -> None:
    assert held("a", crashes=1).is_suspect
    assert not held("a", attempts=3).is_suspect


def test_a_handler_learns_its_task_attempt_and_fence() -> None:
    task = held("a", priority=3, run_at_ms=NOW_MS, attempts=2, token=99, body=TaskBody("mail.send"))

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


def test_what_is_let_go_is_held_no_more() -> None:
    holdings = Holdings()
    task = held("a")
    holdings.add(task)
    assert list(holdings) == [task]

    holdings.remove(task)
    holdings.remove(task)
    assert len(holdings) == 0


def test_letting_go_of_an_old_lease_keeps_a_newer_one_of_the_same_task() -> None:
    holdings = Holdings()
    old, new = held("a", token=7), held("a", token=8)
    holdings.add(old)
    holdings.add(new)
    holdings.remove(old)

    assert list(holdings) == [new]


def test_tasks_may_come_and_go_while_somebody_looks() -> None:
    holdings = Holdings()
    for id in "abc":
        holdings.add(held(id))

    for task in holdings:
        holdings.remove(task)
        holdings.add(held(task.lease.id + "-again"))
    assert len(holdings) == 3
