"""What observers see of a queue: exact counts, and every listing in its order."""

import pytest

from redisched.codec import encode_outcome
from redisched.model import BAND, Outcome, TaskState
from redisched.store.inspect import find, queues
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from redisched.store.view import PENDING, PriorityCounts, QueueCounts, TaskView
from tests.lua.situation import dead, ended, leased, seed, together, waiting
from tests.server_time import NOW_MS
from tests.store.observed import DIGEST, LIMIT, QUEUE, Observed

pytestmark = pytest.mark.differs_by_server


def ids(views: list[TaskView]) -> list[str]:
    return [view.id for view in views]


def test_counts_are_exact_and_by_priority(queue: Observed) -> None:
    queue.given(
        waiting("a", priority=0, run_at_ms=NOW_MS),
        waiting("b", priority=0, run_at_ms=NOW_MS - 500),
        waiting("c", priority=0, run_at_ms=NOW_MS + 1, tries="1 0 0 7"),
        waiting("d", priority=7, run_at_ms=NOW_MS - 700),
        waiting("e", priority=255, run_at_ms=BAND - 1),
        leased("f"),
        leased("g", started_ms=NOW_MS),
        dead("h"),
        ended("i"),
        ended("j"),
        ended("k"),
    )

    assert queue.see(queue.inspector.counts()) == QueueCounts(
        queue=QUEUE, now_ms=NOW_MS, ready=3, scheduled=2, leased=2, dead=1, finished=3, oldest_ready_ms=700,
        priorities=(
            PriorityCounts(priority=0, ready=2, scheduled=1),
            PriorityCounts(priority=7, ready=1, scheduled=0),
            PriorityCounts(priority=255, ready=0, scheduled=1),
        ),
    )  # fmt: skip


def test_an_empty_queue_counts_nothing(queue: Observed) -> None:
    assert queue.see(queue.inspector.counts()) == QueueCounts(
        queue=QUEUE, now_ms=NOW_MS, ready=0, scheduled=0, leased=0, dead=0, finished=0, oldest_ready_ms=None,
        priorities=(),
    )  # fmt: skip
    assert queue.listed(PENDING) == []


ORDER = together(
    waiting("a", priority=0, run_at_ms=NOW_MS),
    waiting("b", priority=3, run_at_ms=NOW_MS - 9),
    waiting("c", priority=3, run_at_ms=NOW_MS - 9),
    waiting("d", priority=3, run_at_ms=NOW_MS - 8),
    waiting("e", priority=255, run_at_ms=1),
    waiting("f", priority=255, run_at_ms=NOW_MS + 1),
    waiting("g", priority=0, run_at_ms=NOW_MS + 2),
    waiting("h", priority=3, run_at_ms=NOW_MS + 2, tries="1 0 0 7"),
    waiting("i", priority=3, run_at_ms=NOW_MS + 2),
    waiting("j", priority=0, run_at_ms=NOW_MS + 3, tries="1 0 0 7"),
)
"""Named in the order in which they will run."""


def test_pending_tasks_are_listed_in_the_order_they_will_run(queue: Observed) -> None:
    queue.given(ORDER, leased("x"), dead("y"), ended("z"))

    for limit in range(1, 12):
        pages = ["".join(ids(page.views)) for page in queue.pages(PENDING, limit)]
        assert pages == ["abcdefghij"[first : first + limit] for first in range(0, 10, limit)], limit


def test_the_order_listed_is_the_order_claimed(queue: Observed) -> None:
    queue.given(ORDER)
    listed = ids(queue.listed({TaskState.READY}, 10))

    store = Store(queue.broker.script_runner, QUEUE)
    taken = []
    for nonce in "123456":
        taken += [lease.id for lease in run(store.claim(_one(nonce)), queue.broker.client()).leases]

    assert listed == taken == list("abcde")


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({TaskState.READY}, "abcde"),
        ({TaskState.SCHEDULED}, "fgi"),
        ({TaskState.RETRYING}, "hj"),
        ({TaskState.SCHEDULED, TaskState.RETRYING}, "fghij"),
        ({TaskState.READY, TaskState.RETRYING}, "abcdehj"),
        ({TaskState.LEASED}, "l"),
        ({TaskState.RUNNING}, "k"),
        ({TaskState.LEASED, TaskState.RUNNING}, "kl"),
        ({TaskState.DEAD}, "nm"),
        ({TaskState.SUCCEEDED}, "q"),
        ({TaskState.CANCELLED}, "pr"),
        ({TaskState.SUCCEEDED, TaskState.CANCELLED}, "pqr"),
        (set(TaskState), "abcdefghijklnmpqr"),
        ({TaskState.UNKNOWN}, ""),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else "",
)
def test_tasks_are_listed_by_state(queue: Observed, states: set[TaskState], expected: str) -> None:
    _seed_every_state(queue)

    for limit in (100, 1, 2, 5):
        assert "".join(ids(queue.listed(states, limit))) == expected


def test_few_tasks_of_a_state_are_found_among_many_others(queue: Observed) -> None:
    many = [waiting(f"s{number:04}", run_at_ms=NOW_MS + 1 + number) for number in range(1_100)]
    queue.given(*many, waiting("z", run_at_ms=NOW_MS + 5_000, tries="1 0 0 7"))

    assert ids(queue.listed({TaskState.RETRYING}, 10)) == ["z"]
    assert len(queue.listed(PENDING, 2_000)) == 1_101


def test_queues_are_listed_by_name_and_a_task_is_found_in_any_of_them(queue: Observed) -> None:
    client = queue.broker.client()
    for name in ("mail", "billing", "idle"):
        run(Store(queue.broker.script_runner, name).register(), client)
    seed(queue.broker, "mail", waiting("a"))
    seed(queue.broker, "billing", together(waiting("b"), dead("a")))

    found = queue.see(find(queue.broker.script_runner, "a"))

    assert queue.see(queues(queue.broker.script_runner)) == ["billing", "idle", "mail"]
    assert [(view.queue, view.state) for view in found] == [("billing", TaskState.DEAD), ("mail", TaskState.READY)]
    assert queue.see(find(queue.broker.script_runner, "nobody")) == []


def _seed_every_state(queue: Observed) -> None:
    queue.given(
        ORDER,
        leased("l", ends_ms=NOW_MS + 20),
        leased("k", ends_ms=NOW_MS + 10, started_ms=NOW_MS),
        dead("m", died_ms=NOW_MS - 2),
        dead("n", died_ms=NOW_MS - 1),
        ended("p", forgotten_ms=NOW_MS + 9),
        ended("q", forgotten_ms=NOW_MS + 8),
        ended("r", forgotten_ms=NOW_MS + 7),
    )
    for id, state in (("p", TaskState.CANCELLED), ("q", TaskState.SUCCEEDED), ("r", TaskState.CANCELLED)):
        queue.store("outcomes", id, b"7 " + DIGEST + encode_outcome(Outcome(state, "send"), LIMIT))


def _one(nonce: str) -> ClaimRequest:
    return ClaimRequest(worker="w", nonce=nonce, limit=1, ahead_ms=0, ahead_limit=0, lease_ms=1_000)
