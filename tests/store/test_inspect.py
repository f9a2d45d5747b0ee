"""What observers see: each state as it is, every listing in its order, and nothing changed by looking."""

from itertools import product
from typing import TypeVar

import pytest

from redisched.codec import encode_failure, encode_outcome, encode_task
from redisched.model import BAND, Failure, Outcome, TaskBody, TaskState
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector, find, queues
from redisched.store.operation import Operation, run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from redisched.store.view import PriorityCounts, QueueCounts, TaskView
from tests.lua.situation import Situation, dead, ended, leased, seed, together, waiting
from tests.server_time import NOW_MS, ServerTime
from tests.snapshot import snapshot_of

T = TypeVar("T")
QUEUE = "mail"
LIMIT = 10_000
DIGEST = b"digest-x"

FAILURE = Failure(name="send", error="ValueError: no", traceback="Traceback ...", attempt=2, reason="attempts used up")
BODY = TaskBody("send", [42], {"to": "a@example.org"}, max_attempts=3)


class Observed:
    """A queue to look at; every look is checked to change nothing."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.inspector = Inspector(broker.dialect, QUEUE)

    def given(self, *situations: Situation) -> None:
        """Begin with these tasks."""
        seed(self.broker, QUEUE, together(*situations))

    def store(self, name: str, id: str, value: bytes) -> None:
        """Put bytes in the place of what a situation says."""
        self.broker.client().perform(("HSET", f"redisched:{{{QUEUE}}}:{name}", id, value))

    def see(self, operation: Operation[T]) -> T:
        """Look."""
        before = snapshot_of(self.broker)
        seen = run(operation, self.broker.client())
        assert snapshot_of(self.broker) == before
        return seen

    def task(self, id: str) -> TaskView:
        """The task, which must be there."""
        view = self.see(self.inspector.task(id))
        assert view is not None
        return view


@pytest.fixture
def queue(broker: Broker, clock: ServerTime) -> Observed:
    return Observed(broker)


def ids(views: list[TaskView]) -> list[str]:
    return [view.id for view in views]


@pytest.mark.parametrize(
    ("situation", "state"),
    [
        (waiting("a", run_at_ms=NOW_MS), TaskState.READY),
        (waiting("a", run_at_ms=NOW_MS, tries="1 0 0 7"), TaskState.READY),
        (waiting("a", run_at_ms=NOW_MS + 1), TaskState.SCHEDULED),
        (waiting("a", run_at_ms=NOW_MS + 1, tries="0 1 2 7"), TaskState.SCHEDULED),
        (waiting("a", run_at_ms=NOW_MS + 1, tries="1 0 0 7"), TaskState.RETRYING),
        (leased("a"), TaskState.LEASED),
        (leased("a", started_ms=NOW_MS), TaskState.RUNNING),
        (dead("a"), TaskState.DEAD),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_state_is_told_from_where_the_task_is(queue: Observed, situation: Situation, state: TaskState) -> None:
    queue.given(situation)

    assert queue.task("a").state is state
    assert queue.see(queue.inspector.standing("a")).state is state


@pytest.mark.parametrize("state", [TaskState.SUCCEEDED, TaskState.CANCELLED])
def test_an_ended_task_is_told_from_its_outcome(queue: Observed, state: TaskState) -> None:
    queue.given(ended("a", forgotten_ms=NOW_MS + 5))
    outcome = Outcome(state, "send", 3, "worker-1", NOW_MS - 20, NOW_MS - 10, "result")
    queue.store("outcomes", "a", b"7 " + DIGEST + encode_outcome(outcome, LIMIT))

    view = queue.task("a")

    assert view == TaskView(
        id="a", queue=QUEUE, state=state, now_ms=NOW_MS, attempts=3, worker="worker-1", started_ms=NOW_MS - 20,
        forgotten_ms=NOW_MS + 5, outcome=outcome,
    )  # fmt: skip
    assert view.name == "send"


def test_a_waiting_task_shows_its_body_its_place_and_its_history(queue: Observed) -> None:
    queue.given(waiting("a", priority=255, run_at_ms=BAND - 1, tries="2 1 4 9", failure=""))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("failures", "a", b"7 " + encode_failure(FAILURE))

    assert queue.task("a") == TaskView(
        id="a", queue=QUEUE, state=TaskState.RETRYING, now_ms=NOW_MS, body=BODY, priority=255, run_at_ms=BAND - 1,
        attempts=2, crashes=1, bounces=4, failure=FAILURE,
    )  # fmt: skip


def test_a_leased_task_shows_its_worker_and_its_lease(queue: Observed) -> None:
    queue.given(leased("a", priority=3, run_at_ms=5, worker="host 1 of 2", started_ms=6, ends_ms=NOW_MS + 9))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("cancelling", "a", b"1000 outcome")

    assert queue.task("a") == TaskView(
        id="a", queue=QUEUE, state=TaskState.RUNNING, now_ms=NOW_MS, body=BODY, priority=3, run_at_ms=5,
        worker="host 1 of 2", started_ms=6, lease_until_ms=NOW_MS + 9, cancel_requested=True,
    )  # fmt: skip


def test_a_dead_task_shows_why(queue: Observed) -> None:
    queue.given(dead("a", died_ms=NOW_MS - 3, tries="2 0 0 7"))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("failures", "a", f"{3 * BAND + 5} ".encode() + encode_failure(FAILURE))

    assert queue.task("a") == TaskView(
        id="a", queue=QUEUE, state=TaskState.DEAD, now_ms=NOW_MS, body=BODY, priority=3, run_at_ms=5, attempts=2,
        died_ms=NOW_MS - 3, failure=FAILURE,
    )  # fmt: skip


def test_an_unknown_task_is_none(queue: Observed) -> None:
    assert queue.see(queue.inspector.task("nobody")) is None
    assert queue.see(queue.inspector.standing("nobody")).state is TaskState.UNKNOWN


def test_the_standing_leaves_the_body_out(queue: Observed) -> None:
    queue.given(waiting("a"))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))

    assert queue.see(queue.inspector.standing("a")).body is None


JUNK = [b"", b"short", b"digest--\xc1", b"digest--\x93\x01\x02\x03", b"digest--" + b"\x91" * 5_000, b"\xff" * 100]


@pytest.mark.parametrize("record", JUNK, ids=range(len(JUNK)))
def test_a_body_that_cannot_be_decoded_breaks_no_listing(queue: Observed, record: bytes) -> None:
    queue.given(waiting("a"), waiting("b"), waiting("c"))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("tasks", "b", record)

    views = queue.see(queue.inspector.pending(10))

    assert ids(views) == ["a", "b", "c"]
    assert (views[0].body, views[0].undecodable) == (BODY, "")
    assert (views[1].body, views[1].name) == (None, "")
    assert views[1].undecodable


@pytest.mark.parametrize("junk", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\xff" * 100])
def test_a_failure_or_an_outcome_that_cannot_be_decoded_breaks_nothing(queue: Observed, junk: bytes) -> None:
    queue.given(dead("a"), ended("b"))
    queue.store("failures", "a", b"5 " + junk)
    queue.store("outcomes", "b", b"7 " + DIGEST + junk)

    assert (queue.task("a").state, queue.task("a").failure) == (TaskState.DEAD, None)
    assert queue.task("b").outcome is None
    assert queue.task("b").undecodable


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
    assert queue.see(queue.inspector.pending(10)) == []


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

    for limit, offset in product([1, 2, 5, 6, 10, 100], [0, 1, 3, 4, 5, 6, 9, 10, 11]):
        seen = queue.see(queue.inspector.pending(limit, offset))
        assert "".join(ids(seen)) == "abcdefghij"[offset : offset + limit], (limit, offset)


def test_the_order_listed_is_the_order_claimed(queue: Observed) -> None:
    queue.given(ORDER)
    listed = ids(queue.see(queue.inspector.in_states({TaskState.READY}, 10)))

    store = Store(queue.broker.dialect, QUEUE)
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

    seen = queue.see(queue.inspector.in_states(states, 100))

    assert "".join(ids(seen)) == expected
    for limit, offset in ((1, 0), (2, 1), (5, 3)):
        part = queue.see(queue.inspector.in_states(states, limit, offset))
        assert "".join(ids(part)) == expected[offset : offset + limit]


def test_few_of_many_are_found_behind_the_others(queue: Observed) -> None:
    many = [waiting(f"s{number:04}", run_at_ms=NOW_MS + 1 + number) for number in range(1_100)]
    queue.given(*many, waiting("z", run_at_ms=NOW_MS + 5_000, tries="1 0 0 7"))

    assert ids(queue.see(queue.inspector.in_states({TaskState.RETRYING}, 10))) == ["z"]
    assert len(queue.see(queue.inspector.pending(2_000))) == 1_101


def test_queues_are_listed_by_name_and_tasks_found_in_any(queue: Observed) -> None:
    client = queue.broker.client()
    for name in ("mail", "billing", "idle"):
        run(Store(queue.broker.dialect, name).register(), client)
    seed(queue.broker, "mail", waiting("a"))
    seed(queue.broker, "billing", together(waiting("b"), dead("a")))

    found = queue.see(find(queue.broker.dialect, "a"))

    assert queue.see(queues()) == ["billing", "idle", "mail"]
    assert [(view.queue, view.state) for view in found] == [("billing", TaskState.DEAD), ("mail", TaskState.READY)]
    assert queue.see(find(queue.broker.dialect, "nobody")) == []


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
