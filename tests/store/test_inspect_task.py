"""What observers see of one task: its state, even if the stored bytes cannot be read."""

import pytest

from redisched.codec import encode_failure, encode_outcome, encode_task
from redisched.model import BAND, Failure, Outcome, TaskBody, TaskState
from redisched.store.view import PENDING, TaskView
from tests.lua.situation import Situation, dead, ended, leased, waiting
from tests.server_time import NOW_MS
from tests.store.observed import DIGEST, LIMIT, QUEUE, Observed

FAILURE = Failure(name="send", error="ValueError: no", traceback="Traceback ...", attempt=2, reason="attempts used up")
BODY = TaskBody("send", [42], {"to": "a@example.org"}, max_attempts=3)


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
def test_the_state_is_known_from_the_key_that_has_the_task(
    queue: Observed, situation: Situation, state: TaskState
) -> None:
    queue.given(situation)

    assert queue.task("a").state is state
    assert queue.see(queue.inspector.state("a")).state is state


@pytest.mark.parametrize("state", [TaskState.SUCCEEDED, TaskState.CANCELLED])
def test_the_state_of_an_ended_task_is_known_from_its_outcome(queue: Observed, state: TaskState) -> None:
    queue.given(ended("a", forgotten_ms=NOW_MS + 5))
    outcome = Outcome(state, "send", 3, "worker-1", NOW_MS - 20, NOW_MS - 10, "result")
    queue.store("outcomes", "a", b"7 " + DIGEST + encode_outcome(outcome, LIMIT))

    view = queue.task("a")

    assert view == TaskView(
        id="a", queue=QUEUE, state=state, now_ms=NOW_MS, attempts=3, worker="worker-1", started_ms=NOW_MS - 20,
        forgotten_ms=NOW_MS + 5, outcome=outcome,
    )  # fmt: skip
    assert view.name == "send"


def test_a_waiting_task_shows_its_body_its_time_and_its_history(queue: Observed) -> None:
    queue.given(waiting("a", priority=255, run_at_ms=BAND - 1, tries="2 1 4 9", failure=""))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("failures", "a", b"7 " + encode_failure(FAILURE))

    assert queue.task("a") == TaskView(
        id="a", queue=QUEUE, state=TaskState.RETRYING, now_ms=NOW_MS, body=BODY, priority=255, run_at_ms=BAND - 1,
        attempts=2, crashes=1, redeliveries=4, failures=(FAILURE,),
    )  # fmt: skip


def test_a_leased_task_shows_its_worker_and_its_lease(queue: Observed) -> None:
    queue.given(leased("a", priority=3, run_at_ms=5, worker="host 1 of 2", started_ms=6, ends_ms=NOW_MS + 9))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("cancelling", "a", b"1000 outcome")

    assert queue.task("a") == TaskView(
        id="a", queue=QUEUE, state=TaskState.RUNNING, now_ms=NOW_MS, body=BODY, priority=3, run_at_ms=5,
        worker="host 1 of 2", started_ms=6, lease_until_ms=NOW_MS + 9, cancel_requested=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("token", "claimed_ms"),
    [
        (f"{NOW_MS * 1_000 - 1}", NOW_MS - 1),
        (f"{NOW_MS * 1_000 + 999}", NOW_MS),
        pytest.param(f"{NOW_MS * 1_000 + 1_000}", None, id="the clock was set back"),
        pytest.param("999", None, id="no time"),
        pytest.param(5_000 * "9", None, id="garbage"),
    ],
)
def test_a_fence_tells_when_its_task_was_claimed(queue: Observed, token: str, claimed_ms: int | None) -> None:
    queue.given(leased("a", ends_ms=NOW_MS + 9))
    queue.store("held", "a", f"{token} 5 0 w1".encode())

    view = queue.task("a")
    assert (view.claimed_ms, view.worker) == (claimed_ms, "w1")


def test_a_dead_task_shows_why(queue: Observed) -> None:
    queue.given(dead("a", died_ms=NOW_MS - 3, tries="2 0 0 7"))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("failures", "a", f"{3 * BAND + 5} ".encode() + encode_failure(FAILURE))

    assert queue.task("a") == TaskView(
        id="a", queue=QUEUE, state=TaskState.DEAD, now_ms=NOW_MS, body=BODY, priority=3, run_at_ms=5, attempts=2,
        died_ms=NOW_MS - 3, failures=(FAILURE,),
    )  # fmt: skip


def test_an_unknown_task_has_no_view(queue: Observed) -> None:
    assert queue.see(queue.inspector.task("nobody")) is None
    assert queue.see(queue.inspector.state("nobody")).state is TaskState.UNKNOWN


def test_the_state_can_be_read_without_the_body(queue: Observed) -> None:
    queue.given(waiting("a"))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))

    assert queue.see(queue.inspector.state("a")).body is None


JUNK = [b"", b"short", b"digest--\xc1", b"digest--\x93\x01\x02\x03", b"digest--" + b"\x91" * 5_000, b"\xff" * 100]


@pytest.mark.parametrize("record", JUNK, ids=range(len(JUNK)))
def test_a_body_that_cannot_be_decoded_breaks_no_listing(queue: Observed, record: bytes) -> None:
    queue.given(waiting("a"), waiting("b"), waiting("c"))
    queue.store("tasks", "a", DIGEST + encode_task(BODY, LIMIT))
    queue.store("tasks", "b", record)

    views = queue.listed(PENDING)

    assert [view.id for view in views] == ["a", "b", "c"]
    assert (views[0].body, views[0].undecodable) == (BODY, "")
    assert (views[1].body, views[1].name) == (None, "")
    assert views[1].undecodable


@pytest.mark.parametrize("junk", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\xff" * 100])
def test_a_task_whose_failure_or_outcome_cannot_be_decoded_is_still_shown(queue: Observed, junk: bytes) -> None:
    queue.given(dead("a"), ended("b"))
    queue.store("failures", "a", b"5 " + junk)
    queue.store("outcomes", "b", b"7 " + DIGEST + junk)

    assert (queue.task("a").state, queue.task("a").failure) == (TaskState.DEAD, None)
    assert queue.task("b").outcome is None
    assert queue.task("b").undecodable
