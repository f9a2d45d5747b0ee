"""forget: SUCCEEDED|CANCELLED|DEAD -> GONE."""

from tests.lua.queue import QueueUnderTest
from tests.lua.situation import cancelled, dead, ended, together
from tests.server_time import NOW_MS, ServerTime

DAY_MS = 86_400_000


def forget(queue: QueueUnderTest, *, limit: int = 100, dead_retention_ms: int = DAY_MS) -> int:
    return queue.call(queue.store.forget(limit, dead_retention_ms))


def test_nothing_is_left_of_what_is_forgotten(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(
        ended("a", forgotten_ms=NOW_MS),
        cancelled("b", forgotten_ms=NOW_MS - 5),
        dead("c", died_ms=NOW_MS - DAY_MS, tries="5 1 1 7"),
    )

    assert forget(empty_queue) == 3

    assert empty_queue.situation() == {}


def test_until_its_retention_is_over_a_task_is_kept(queue: QueueUnderTest, clock: ServerTime) -> None:
    tasks = together(ended("a", forgotten_ms=NOW_MS + 5), dead("b", died_ms=NOW_MS + 5 - DAY_MS))
    queue.given(tasks)

    clock.advance(4)
    assert forget(queue) == 0
    assert queue.situation() == tasks

    clock.advance(1)
    assert forget(queue) == 2
    assert queue.situation() == {}


def test_called_twice_the_second_finds_nothing(queue: QueueUnderTest) -> None:
    queue.given(ended("a", forgotten_ms=NOW_MS))
    forget(queue)

    assert forget(queue) == 0

    assert queue.situation() == {}


def test_an_empty_queue_has_nothing_to_forget(empty_queue: QueueUnderTest) -> None:
    assert forget(empty_queue) == 0

    assert empty_queue.situation() == {}


def test_not_more_of_either_kind_than_asked_for_the_oldest_first(queue: QueueUnderTest) -> None:
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
