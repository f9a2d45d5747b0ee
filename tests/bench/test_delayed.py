"""How late delayed tasks started."""

import time

from redisched.bench.delayed import Delayed, enqueue_delayed, lateness_figures
from redisched.bench.fleet import MeasuredStart
from redisched.bench.workbench import Workbench
from redisched.keys import keys_of
from redisched.model import Priority, band_of, run_at_of

DELAYED = Delayed(due_ms={5: 100_000, 6: 200_000}, server_ahead_s=10.0)


def start(task: int, time_s: float) -> MeasuredStart:
    return MeasuredStart(task, monotonic_s=0.0, time_s=time_s)


def test_lateness_is_measured_by_the_clock_of_the_server() -> None:
    assert DELAYED.late_ms([start(5, 90.25), start(6, 189.5)]) == [250.0, -500.0]


def test_tasks_that_were_due_before_a_start_are_known() -> None:
    assert DELAYED.due_before(start(1, 89.0)) == set()
    assert DELAYED.due_before(start(1, 95.0)) == {5}
    assert DELAYED.due_before(start(1, 191.0)) == {5, 6}


def test_a_start_before_the_due_time_counts_as_early_and_one_at_that_time_does_not() -> None:
    assert lateness_figures([-0.5, 0.0, 2.0, 3.5]) == {"p50": 0.0, "p99": 3.5, "max": 3.5, "early": 1}


def test_tasks_become_due_within_the_given_time(workbench: Workbench) -> None:
    with workbench.jobs() as jobs:
        before_s = time.time()
        delayed = enqueue_delayed(
            jobs, range(3, 23), server_ahead_s=0.0, after_s=100.0, over_s=50.0, priority=Priority.HIGH
        )
        after_s = time.time()
        waiting = workbench.command("ZRANGE", keys_of(jobs.queue).waiting, 0, -1, "WITHSCORES")

    assert isinstance(waiting, list)
    scores = [int(score) for score in waiting[1::2]]
    assert {band_of(score) for score in scores} == {Priority.HIGH}
    assert sorted(map(run_at_of, scores)) == sorted(delayed.due_ms.values())
    assert delayed.due_ms.keys() == set(range(3, 23))
    assert (before_s + 100) * 1e3 - 1 <= min(delayed.due_ms.values())
    assert max(delayed.due_ms.values()) <= (after_s + 150) * 1e3 + 1
