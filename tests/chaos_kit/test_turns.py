"""Equal tasks start in turn, as far as they have a turn."""

from redisched.chaos.checker import check
from redisched.chaos.invariants.invariant import Tolerances
from redisched.store.values import Status
from tests.chaos_kit.histories import OUT_OF_TURN, settled, start

STRICT = Tolerances(overtakers=2)


def test_equal_tasks_may_be_overtaken_by_a_few() -> None:
    assert list(check(OUT_OF_TURN, Tolerances(overtakers=3))) == []


def test_a_task_that_was_given_back_has_lost_its_turn() -> None:
    given_back = settled("a", 1, Status.RELEASED, 5, due_ms=0)
    again = start("a", 2, 20, run_at_ms=0, attempt=2)

    assert list(check([given_back, *OUT_OF_TURN], STRICT)) == []
    assert list(check([*OUT_OF_TURN[:-1], again], STRICT)) == []
