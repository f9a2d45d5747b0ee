"""What counts as an inversion of priorities."""

from redisched.bench.draining import inversions
from redisched.model import Priority

HIGH, NORMAL, LOW = Priority.HIGH, Priority.NORMAL, Priority.LOW


def test_starts_in_order_have_no_inversion() -> None:
    assert inversions([]) == 0
    assert inversions([HIGH, HIGH, NORMAL, LOW, LOW]) == 0


def test_each_start_before_a_more_urgent_task_counts_once() -> None:
    assert inversions([LOW, HIGH]) == 1
    assert inversions([LOW, NORMAL, HIGH, HIGH]) == 2
    assert inversions([HIGH, LOW, NORMAL, LOW]) == 1
