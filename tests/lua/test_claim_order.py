"""claim: the best band first, in each band first come first served, and a little ahead of time if asked."""

from dataclasses import dataclass

import pytest

from tests.lua.queue import FAR_MS, QueueUnderTest, request
from tests.lua.situation import Situation, waiting
from tests.server_time import NOW_MS, ServerTime


def task(id: str, priority: int, in_ms: int) -> Situation:
    """A task that is due in so many milliseconds; a negative number is in the past."""
    return waiting(id, priority=priority, run_at_ms=NOW_MS + in_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Tasks by id, with priority and due time; the limits of the claim, and the expected ids."""

    tasks: dict[str, tuple[int, int]]
    limit: int = 10
    ahead_ms: int = 0
    ahead_limit: int = 0
    gets: str
    next_in_ms: int | None = None


CASES = {
    "a better band goes first, however late": Case(tasks={"a": (5, -9_000), "b": (0, 0), "c": (9, -1)}, gets="b a c"),
    "in a band, whichever was due first": Case(tasks={"a": (5, -1), "b": (5, -3), "c": (5, -2)}, gets="b c a"),
    "due at the same moment, by id": Case(tasks={"b": (5, -1), "c": (5, -1), "a": (5, -1)}, gets="a b c"),
    "due in this very millisecond": Case(tasks={"a": (5, 0), "b": (5, 1)}, gets="a", next_in_ms=1),
    "a better band with nothing due is passed over": Case(
        tasks={"a": (0, 50), "b": (1, 7), "c": (2, 0)}, gets="c", next_in_ms=7
    ),
    "the limit holds over all bands": Case(
        tasks={"a": (0, 0), "b": (0, 1), "c": (3, 0), "d": (3, 0), "e": (4, 0)}, limit=3, gets="a c d", next_in_ms=0
    ),
    "exactly the limit leaves nothing due": Case(tasks={"a": (0, 0), "b": (3, 0)}, limit=2, gets="a b"),
    "one too many in the same band": Case(tasks={"a": (3, -1), "b": (3, 0)}, limit=1, gets="a", next_in_ms=0),
    "one too many in a later band": Case(tasks={"a": (0, 0), "b": (255, 0)}, limit=1, gets="a", next_in_ms=0),
    "with no room": Case(tasks={"a": (5, 0)}, limit=0, gets="", next_in_ms=0),
    "with no room and nothing due": Case(tasks={"a": (5, 9)}, limit=0, gets="", next_in_ms=9),
    "ahead, up to the horizon": Case(
        tasks={"a": (5, 20), "b": (5, 21), "c": (6, 19)}, ahead_ms=20, ahead_limit=9, gets="a c", next_in_ms=21
    ),
    "ahead, but not more than allowed": Case(
        tasks={"a": (5, 1), "b": (5, 2), "c": (5, 3)}, ahead_ms=20, ahead_limit=2, gets="a b", next_in_ms=3
    ),
    "ahead does not use up the limit": Case(
        tasks={"a": (0, 5), "b": (5, 0)}, limit=1, ahead_ms=20, ahead_limit=1, gets="a b"
    ),
    "what is due does not use up what is ahead": Case(
        tasks={"a": (5, -1), "b": (5, 0), "c": (5, 5)}, limit=2, ahead_ms=20, ahead_limit=1, gets="a b c"
    ),
    "due tasks before those ahead, within a band": Case(
        tasks={"a": (5, 3), "b": (5, 0)}, ahead_ms=20, ahead_limit=1, gets="b a"
    ),
    "nothing ahead of a due task that was left behind": Case(
        tasks={"a": (5, -1), "b": (5, 0), "c": (5, 5)}, limit=1, ahead_ms=20, ahead_limit=9, gets="a", next_in_ms=0
    ),
    "ahead is full in one band, a due task of another still comes": Case(
        tasks={"a": (0, 4), "b": (0, 6), "c": (5, 0)}, ahead_ms=20, ahead_limit=1, gets="a c", next_in_ms=6
    ),
    "with room only ahead": Case(tasks={"a": (5, 4)}, limit=0, ahead_ms=20, ahead_limit=1, gets="a"),
    "the next due is the earliest of all bands": Case(
        tasks={"a": (0, 70), "b": (3, 40), "c": (3, 0), "d": (9, 50)}, gets="c", next_in_ms=40
    ),
    "the next due behind a band's taken head": Case(
        tasks={"a": (3, 0), "b": (3, 30), "c": (9, 40)}, gets="a", next_in_ms=30
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_which_tasks_are_claimed(queue: QueueUnderTest, case: Case) -> None:
    queue.given(*(task(id, priority, in_ms) for id, (priority, in_ms) in case.tasks.items()))

    answer = queue.call(
        queue.store.claim(request(limit=case.limit, ahead_ms=case.ahead_ms, ahead_limit=case.ahead_limit))
    )

    assert " ".join(lease.id for lease in answer.leases) == case.gets
    assert answer.next_due_ms == (FAR_MS if case.next_in_ms is None else NOW_MS + case.next_in_ms)
    assert queue.situation().get("waiting", {}).keys() == case.tasks.keys() - set(case.gets.split())


def test_all_256_bands_are_visited(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(*(task(f"due-{priority:03}", priority, -1) for priority in range(256)))
    empty_queue.given(*(task(f"later-{priority:03}", priority, 1_000 - priority) for priority in range(256)))

    answer = empty_queue.call(empty_queue.store.claim(request(limit=500)))

    assert [lease.id for lease in answer.leases] == [f"due-{priority:03}" for priority in range(256)]
    assert answer.next_due_ms == NOW_MS + 745


def test_the_order_holds_over_many_claims(queue: QueueUnderTest) -> None:
    tasks = {f"{number:02}": (number * 7 % 4, -(number * 13 % 50)) for number in range(40)}
    queue.given(*(task(id, priority, in_ms) for id, (priority, in_ms) in tasks.items()))

    claimed: list[str] = []
    while leases := queue.call(queue.store.claim(request(f"n{len(claimed)}", limit=3))).leases:
        claimed += [lease.id for lease in leases]

    assert claimed == sorted(tasks, key=lambda id: (*tasks[id], id))


def test_a_task_is_due_when_its_time_has_come(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(task("a", 5, 60_000))

    clock.advance(59_999)
    early = queue.call(queue.store.claim(request("n1")))
    clock.advance(1)
    punctual = queue.call(queue.store.claim(request("n2")))

    assert (early.leases, early.next_due_ms) == ([], NOW_MS + 60_000)
    assert [lease.id for lease in punctual.leases] == ["a"]
