"""The figures of the summary, each from a hand-made history."""

from redisched.demo import summary
from redisched.demo.facts import Kind
from redisched.demo.history import Enqueued, Execution
from redisched.demo.summary import TOLERATED_MS, Summary
from redisched.model import TaskState


def execution(
    task: str = "a",
    *,
    fence: int = 1,
    priority: int = 5,
    attempt: int = 1,
    worker: str = "one",
    run_at_ms: int = 0,
    started_ms: float = 10.0,
    ended_ms: float | None = 20.0,
    error: str = "",
) -> Execution:
    return Execution(
        task=task,
        fence=fence,
        kind=Kind.LOGS,
        queue="work",
        priority=priority,
        attempt=attempt,
        worker=worker,
        run_at_ms=run_at_ms,
        started_ms=started_ms,
        ended_ms=ended_ms,
        error=error,
    )


def test_retried_counts_tasks_and_not_attempts() -> None:
    history = [execution(attempt=attempt, fence=attempt) for attempt in (1, 2, 3)] + [execution("b")]
    assert summary.retried(history) == 1


def test_a_recovered_task_was_interrupted_and_ended_in_another_process() -> None:
    cut = execution("a", ended_ms=None)
    assert summary.recovered([cut]) == 0
    assert summary.recovered([cut, execution("a", fence=2, worker="one")]) == 0
    assert summary.recovered([cut, execution("a", fence=2, worker="two")]) == 1
    assert summary.recovered([execution("a", worker="one"), execution("a", fence=2, worker="two")]) == 0


def test_an_inversion_is_a_less_urgent_task_that_started_too_early() -> None:
    worse = execution("worse", priority=9, started_ms=100.0)
    just = execution("better", priority=1, run_at_ms=50, started_ms=100.0 + TOLERATED_MS)
    late = execution("better", priority=1, run_at_ms=50, started_ms=101.0 + TOLERATED_MS)
    not_due = execution("better", priority=1, run_at_ms=101, started_ms=500.0)
    assert summary.inversions([worse, just]) == 0
    assert summary.inversions([worse, late]) == 1
    assert summary.inversions([worse, not_due]) == 0


def test_pickup_lasts_from_the_enqueue_to_the_first_start() -> None:
    history = [execution(started_ms=30.0, fence=1), execution(started_ms=900.0, fence=2, attempt=2)]
    assert summary.pickups_ms(history, {"a": 10.0, "unseen": 0.0}) == [20.0]


def test_lateness_counts_early_starts() -> None:
    history = [execution("a", run_at_ms=20, started_ms=19.5), execution("b", run_at_ms=20, started_ms=22.0)]
    delayed = [Enqueued(id=task, kind=Kind.LOGS, queue="work", delayed=True) for task in ("a", "b")]
    late = summary.lateness_ms(history, delayed)
    assert (late.early, late.max) == (1, 2.0)


def test_every_task_counts_as_succeeded_dead_or_lost() -> None:
    states = {"a": TaskState.SUCCEEDED, "b": TaskState.DEAD, "c": TaskState.LEASED, "d": TaskState.UNKNOWN}
    history = [execution("a"), execution("b", error="OSError"), execution("c", ended_ms=None)]
    assert summary.count_ends(states, history) == (1, 1, 2)


def test_a_task_whose_end_no_handler_recorded_counts_as_lost() -> None:
    states = {"never ran": TaskState.SUCCEEDED, "cut off": TaskState.SUCCEEDED, "returned": TaskState.DEAD}
    history = [execution("cut off", ended_ms=None), execution("returned")]
    assert summary.count_ends(states, history) == (0, 0, 3)


def test_the_summary_holds_only_without_loss_double_charge_and_early_start() -> None:
    assert _summary().holds
    assert not _summary(lost=1).holds
    assert not _summary(double_charges=1).holds
    assert not _summary(early=1).holds


def _summary(lost: int = 0, double_charges: int = 0, early: int = 0) -> Summary:
    spread = summary.spread_of([1.0, 2.0])
    return Summary(
        enqueued=1,
        succeeded=1 - lost,
        retried=0,
        dead=0,
        lost=lost,
        recovered=0,
        taken_back=0,
        double_charges=double_charges,
        mails_received=0,
        inversions=0,
        pickup_ms=spread,
        lateness_ms=summary.Lateness(p50=spread.p50, p99=spread.p99, max=spread.max, early=early),
        kinds={},
        seconds=1.0,
    )
