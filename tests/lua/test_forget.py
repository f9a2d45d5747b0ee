"""forget: SUCCEEDED|CANCELLED|DEAD -> GONE."""

from redisched.model import BAND
from redisched.store.values import ForgetLimits
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import Situation, cancelled, dead, ended, together
from tests.server_time import NOW_MS, ServerTime

DAY_MS = 86_400_000
SOONER_MS = 1_000


def forget(queue: QueueUnderTest, *, limit: int = 100) -> int:
    """How many tasks are forgotten because their retention is over."""
    forgotten = queue.call(queue.store.forget(ForgetLimits(limit=limit, dead_retention_ms=DAY_MS)))
    assert forgotten.sooner == 0
    return forgotten.tasks


def forget_beyond(queue: QueueUnderTest, kept: int, *, limit: int = 100) -> tuple[int, int]:
    """How many tasks are forgotten, and how many of them early because there are more than the bound."""
    limits = ForgetLimits(limit=limit, dead_retention_ms=DAY_MS, kept=kept, sooner_ms=SOONER_MS)
    return queue.call(queue.store.forget(limits))


def spare(id: str, *, forgotten_ms: int) -> Situation:
    """An ended task with the default retention."""
    return ended(id, forgotten_ms=forgotten_ms - BAND)


def test_nothing_is_left_of_a_forgotten_task(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(
        ended("a", forgotten_ms=NOW_MS),
        cancelled("b", forgotten_ms=NOW_MS - 5),
        dead("c", died_ms=NOW_MS - DAY_MS, tries="5 1 1 7"),
    )

    assert forget(empty_queue) == 3

    assert empty_queue.situation() == {}


def test_a_task_is_kept_until_its_retention_is_over(queue: QueueUnderTest, clock: ServerTime) -> None:
    tasks = together(ended("a", forgotten_ms=NOW_MS + 5), dead("b", died_ms=NOW_MS + 5 - DAY_MS))
    queue.given(tasks)

    clock.advance(4)
    assert forget(queue) == 0
    assert queue.situation() == tasks

    clock.advance(1)
    assert forget(queue) == 2
    assert queue.situation() == {}


def test_a_repeated_call_finds_nothing(queue: QueueUnderTest) -> None:
    queue.given(ended("a", forgotten_ms=NOW_MS))
    forget(queue)

    assert forget(queue) == 0

    assert queue.situation() == {}


def test_an_empty_queue_has_nothing_to_forget(empty_queue: QueueUnderTest) -> None:
    assert forget(empty_queue) == 0

    assert empty_queue.situation() == {}


def test_at_most_limit_tasks_of_each_kind_are_forgotten_the_oldest_first(queue: QueueUnderTest) -> None:
    for number, id in enumerate("abc"):
        queue.given(ended(f"e-{id}", forgotten_ms=NOW_MS - 10 + number))
        queue.given(dead(f"d-{id}", died_ms=NOW_MS - DAY_MS - 10 + number))

    assert forget(queue, limit=2) == 4

    assert queue.situation() == together(
        ended("e-c", forgotten_ms=NOW_MS - 8), dead("d-c", died_ms=NOW_MS - DAY_MS - 8)
    )


def test_more_than_what_lua_can_unpack_at_once(queue: QueueUnderTest) -> None:
    queue.given(*(ended(f"a{number}", forgotten_ms=NOW_MS) for number in range(1_001)))
    queue.given(*(dead(f"b{number}", died_ms=0) for number in range(1_001)))

    assert forget(queue, limit=5_000) == 2_002

    assert queue.situation() == {}


def test_above_the_bound_the_oldest_are_forgotten_early(queue: QueueUnderTest) -> None:
    kept = together(*(spare(id, forgotten_ms=NOW_MS + 300 + at) for at, id in enumerate("cd")))
    queue.given(kept, *(spare(id, forgotten_ms=NOW_MS + 100 + at) for at, id in enumerate("ab")))

    assert forget_beyond(queue, 2) == (2, 2)
    assert queue.situation() == kept


def test_tasks_whose_retention_is_over_count_toward_the_bound(queue: QueueUnderTest) -> None:
    queue.given(spare("a", forgotten_ms=NOW_MS), *(spare(id, forgotten_ms=NOW_MS + 100) for id in "bcd"))

    assert forget_beyond(queue, 2) == (2, 1)
    assert queue.situation() == together(*(spare(id, forgotten_ms=NOW_MS + 100) for id in "cd"))


def test_tasks_that_ended_just_now_are_kept_above_the_bound(queue: QueueUnderTest) -> None:
    young = together(*(spare(id, forgotten_ms=NOW_MS + SOONER_MS + 1) for id in "abc"))
    queue.given(young, spare("d", forgotten_ms=NOW_MS + SOONER_MS))

    assert forget_beyond(queue, 0) == (1, 1)
    assert queue.situation() == young


def test_tasks_with_a_chosen_retention_do_not_count_toward_the_bound(queue: QueueUnderTest) -> None:
    tasks = together(
        *(ended(id, forgotten_ms=NOW_MS + 5) for id in "abc"), *(spare(id, forgotten_ms=NOW_MS + 5) for id in "de")
    )
    queue.given(tasks)

    assert forget_beyond(queue, 2) == (0, 0)
    assert queue.situation() == tasks


def test_at_most_limit_tasks_are_forgotten_early(queue: QueueUnderTest) -> None:
    queue.given(*(spare(id, forgotten_ms=NOW_MS + 5) for id in "abcde"))

    assert forget_beyond(queue, 0, limit=2) == (2, 2)
    assert forget_beyond(queue, 0, limit=2) == (2, 2)
    assert forget_beyond(queue, 0, limit=2) == (1, 1)
