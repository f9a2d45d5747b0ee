"""Tasks with the same priority start in the order of their due times, unless they were released or retried."""

from redisched.chaos.checker import check
from redisched.chaos.invariants.invariant import Tolerances
from redisched.store.values import Status
from tests.chaos_kit.histories import OUT_OF_TURN, settled, start

STRICT = Tolerances(overtakers=2)


def test_a_task_may_be_overtaken_by_as_many_equal_tasks_as_are_tolerated() -> None:
    assert list(check(OUT_OF_TURN, Tolerances(overtakers=3))) == []


def test_a_released_or_retried_task_may_be_overtaken_by_any_number() -> None:
    given_back = settled("a", 1, Status.RELEASED, 5, due_ms=0)
    again = start("a", 2, 20, run_at_ms=0, attempt=2)

    assert list(check([given_back, *OUT_OF_TURN], STRICT)) == []
    assert list(check([*OUT_OF_TURN[:-1], again], STRICT)) == []
