"""The window: which task starts first, how many are held ready, and which are released."""

import random
from collections.abc import Iterable

import pytest

from redisched.engine.leased_task import LeasedTask
from redisched.engine.window import LARGEST_CLAIM, Window
from redisched.model import run_at_of
from tests.engine.leases import NOW_MS, leased_task

WINDOW_MS = 20.0
RELEASE_AFTER_MS = 100.0


@pytest.fixture
def window() -> Window:
    return Window(WINDOW_MS, RELEASE_AFTER_MS)


def fill(window: Window, *tasks: LeasedTask) -> None:
    window.add(tasks, NOW_MS)


def ids(tasks: Iterable[LeasedTask]) -> list[str]:
    return [task.lease.id for task in tasks]


def started(window: Window, now_ms: float) -> list[str]:
    """The tasks that start one after the other, each ending before the next."""
    order = []
    while (task := window.pop(now_ms)) is not None:
        order.append(task.lease.id)
        window.ended(task)
    return order


def test_tasks_start_by_priority_then_by_time_then_by_id(window: Window) -> None:
    fill(
        window,
        leased_task("bulk", priority=9, run_at_ms=NOW_MS - 9_000),
        leased_task("b", run_at_ms=NOW_MS - 5),
        leased_task("a", run_at_ms=NOW_MS - 5),
        leased_task("earlier", run_at_ms=NOW_MS - 6),
        leased_task("urgent", priority=0),
    )

    assert started(window, NOW_MS) == ["urgent", "earlier", "a", "b", "bulk"]


def test_a_more_urgent_task_that_comes_later_starts_first(window: Window) -> None:
    fill(window, leased_task("normal"))
    fill(window, leased_task("urgent", priority=0))

    assert started(window, NOW_MS) == ["urgent", "normal"]


def test_a_task_claimed_early_starts_at_exactly_its_millisecond(window: Window) -> None:
    fill(window, leased_task("ahead", run_at_ms=NOW_MS + 10))

    assert window.next_due_ms() == NOW_MS + 10
    assert window.pop(NOW_MS + 9.999) is None
    assert started(window, NOW_MS + 10) == ["ahead"]
    assert window.next_due_ms() is None


def test_a_more_urgent_task_that_is_not_due_does_not_hold_up_a_due_one(window: Window) -> None:
    fill(window, leased_task("urgent", priority=0, run_at_ms=NOW_MS + 5), leased_task("due", priority=9))

    assert started(window, NOW_MS) == ["due"]
    assert started(window, NOW_MS + 5) == ["urgent"]


def test_tasks_that_are_due_together_start_in_the_order_of_their_priorities(window: Window) -> None:
    fill(
        window,
        leased_task("low", priority=7, run_at_ms=NOW_MS + 1),
        leased_task("high", priority=3, run_at_ms=NOW_MS + 2),
    )

    assert started(window, NOW_MS + 2) == ["high", "low"]


def test_two_leases_of_the_same_task_are_kept_apart(window: Window) -> None:
    fill(window, leased_task("a", token=7), leased_task("a", token=8))

    assert len(window) == 2
    assert started(window, NOW_MS) == ["a", "a"]


def test_only_one_suspect_runs_at_a_time_and_other_tasks_overtake_the_next(window: Window) -> None:
    first, second = leased_task("first", priority=1, crashes=1), leased_task("second", priority=2, crashes=1)
    fill(window, first, second, leased_task("innocent", priority=9))

    assert window.pop(NOW_MS) is first
    assert ids([window.pop(NOW_MS) or first]) == ["innocent"]
    assert window.pop(NOW_MS) is None
    window.ended(first)
    assert window.pop(NOW_MS) is second


def test_the_end_of_another_task_does_not_let_a_second_suspect_run(window: Window) -> None:
    suspect, innocent = leased_task("suspect", crashes=1), leased_task("innocent", priority=1)
    fill(window, suspect, innocent, leased_task("worse", priority=9, crashes=2))

    assert window.pop(NOW_MS) is innocent
    assert window.pop(NOW_MS) is suspect
    window.ended(innocent)
    assert window.pop(NOW_MS) is None


def test_a_suspect_starts_in_the_usual_order(window: Window) -> None:
    fill(window, leased_task("suspect", crashes=1), leased_task("urgent", priority=0))

    assert started(window, NOW_MS) == ["urgent", "suspect"]


def test_there_is_room_for_the_free_slots_and_the_starts_within_the_window(window: Window) -> None:
    assert window.room(free_slots=4, starts_per_ms=0.0) == 4
    assert window.room(free_slots=4, starts_per_ms=10.0) == 4 + 200
    assert window.room(free_slots=0, starts_per_ms=10.0) == 200


def test_long_tasks_get_no_prefetch(window: Window) -> None:
    assert window.room(free_slots=0, starts_per_ms=1 / WINDOW_MS - 0.001) == 0


def test_without_a_window_there_is_room_only_for_free_slots() -> None:
    window = Window(0.0, 0.0)

    assert window.room(free_slots=1, starts_per_ms=50.0) == 1
    assert window.room(free_slots=0, starts_per_ms=50.0) == 0


def test_held_due_tasks_take_room(window: Window) -> None:
    fill(window, *(leased_task(f"due-{number}") for number in range(3)), leased_task("suspect", crashes=1))

    assert window.room(free_slots=6, starts_per_ms=0.0) == 2
    assert window.room(free_slots=4, starts_per_ms=0.0) == 0
    assert window.room(free_slots=0, starts_per_ms=0.0) == 0


def test_held_tasks_that_are_not_due_take_no_room(window: Window) -> None:
    fill(window, leased_task("ahead", run_at_ms=NOW_MS + 10))

    assert window.room(free_slots=4, starts_per_ms=0.0) == 4


def test_there_is_room_as_soon_as_the_largest_claim_fits(window: Window) -> None:
    expected = LARGEST_CLAIM * 5
    fill(window, *(leased_task(f"due-{number}") for number in range(expected - LARGEST_CLAIM + 1)))
    assert window.room(free_slots=0, starts_per_ms=expected / WINDOW_MS) == 0

    window.pop(NOW_MS)
    assert window.room(free_slots=0, starts_per_ms=expected / WINDOW_MS) == LARGEST_CLAIM


@pytest.mark.parametrize(("at_hand", "room"), [(60, 0), (51, 0), (50, 50), (0, 100)])
def test_there_is_no_room_until_half_of_the_window_is_empty(window: Window, at_hand: int, room: int) -> None:
    fill(window, *(leased_task(f"due-{number}") for number in range(at_hand)))

    assert window.room(free_slots=0, starts_per_ms=100 / WINDOW_MS) == room


def test_there_is_always_room_for_a_free_slot_without_a_task(window: Window) -> None:
    fill(window, *(leased_task(f"due-{number}") for number in range(70)))

    assert window.room(free_slots=71, starts_per_ms=100 / WINDOW_MS) == 101


def test_a_due_task_that_has_waited_too_long_is_overdue(window: Window) -> None:
    fill(window, leased_task("a"))
    window.add([leased_task("later")], NOW_MS + 50)

    assert window.take_overdue(NOW_MS + RELEASE_AFTER_MS) == []
    assert ids(window.take_overdue(NOW_MS + RELEASE_AFTER_MS + 1)) == ["a"]
    assert started(window, NOW_MS + RELEASE_AFTER_MS + 1) == ["later"]


def test_the_wait_of_a_task_claimed_early_counts_from_its_due_time(window: Window) -> None:
    fill(window, leased_task("ahead", run_at_ms=NOW_MS + 20))

    assert window.take_overdue(NOW_MS + 20 + RELEASE_AFTER_MS) == []
    assert ids(window.take_overdue(NOW_MS + 21 + RELEASE_AFTER_MS)) == ["ahead"]
    assert window.next_due_ms() is None
    assert len(window) == 0


def test_the_wait_of_a_task_long_due_counts_from_its_arrival(window: Window) -> None:
    fill(window, leased_task("old", run_at_ms=NOW_MS - 60_000))

    assert window.take_overdue(NOW_MS + 1) == []


def test_taking_overdue_tasks_keeps_the_order_of_the_others(window: Window) -> None:
    fill(window, *(leased_task(f"old-{number}") for number in range(5)), leased_task("suspect", crashes=1))
    for number in (3, 1, 2, 0):
        window.add([leased_task(f"new-{number}")], NOW_MS + 90)

    assert len(window.take_overdue(NOW_MS + 101)) == 6
    assert started(window, NOW_MS + 101) == ["new-0", "new-1", "new-2", "new-3"]


def test_all_tasks_can_be_taken_at_once(window: Window) -> None:
    fill(window, leased_task("due"), leased_task("ahead", run_at_ms=NOW_MS + 10), leased_task("suspect", crashes=1))

    assert sorted(ids(window.take_all())) == ["ahead", "due", "suspect"]
    assert len(window) == 0
    assert window.take_all() == []
    assert window.pop(NOW_MS + 10) is None


def test_tasks_that_fall_due_one_by_one_take_their_places_among_those_that_wait(window: Window) -> None:
    moments = random.Random(7)
    tasks = [
        leased_task(f"{number:03}", priority=moments.randrange(10), run_at_ms=NOW_MS + moments.randrange(400))
        for number in range(200)
    ]
    fill(window, *tasks)

    for now_ms in range(NOW_MS, NOW_MS + 400):
        if moments.random() < 0.3 and (best := window.pop(now_ms)) is not None:
            due = [task for task in tasks if run_at_of(task.lease.score) <= now_ms]
            assert best is min(due)
            tasks.remove(best)
    assert started(window, NOW_MS + 400) == ids(sorted(tasks))


class CountedOrder(int):
    """The order of a task, which counts how often it is compared."""

    comparisons = 0

    def __eq__(self, other: object) -> bool:
        CountedOrder.comparisons += 1
        return super().__eq__(other)

    __hash__ = int.__hash__


def test_a_task_that_falls_due_is_compared_with_few_of_those_that_wait(window: Window) -> None:
    waiting = [leased_task(f"waiting-{number}", run_at_ms=NOW_MS - number) for number in range(1_000)]
    falling_due = leased_task("falls-due", run_at_ms=NOW_MS + 1)
    fill(window, *waiting, falling_due)
    falling_due.order = CountedOrder(falling_due.order)
    CountedOrder.comparisons = 0

    window.pop(NOW_MS + 1)

    assert 0 < CountedOrder.comparisons <= 12
