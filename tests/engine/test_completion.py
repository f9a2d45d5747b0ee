"""Completions: the edge that each kind of ending takes."""

from typing import Any

import pytest

from redisched.codec import DIGEST_BYTES, decode_failure, decode_outcome
from redisched.engine import completion
from redisched.engine.retrying import RetryAction, RetryDecision
from redisched.model import REPLAY_MS, DeathReason, Failure, Outcome, TaskState, retention_of
from redisched.retry import Snooze
from redisched.store.values import Ack, Bury, FailedAttempt, Release, SnoozedTask
from tests.engine.leases import NOW_MS, WORKER, leased_task

AGAIN = RetryDecision(RetryAction.RETRY, 500)
GIVEN_UP = RetryDecision(RetryAction.BURY, reason=DeathReason.ATTEMPTS)
LIMIT = 1_000


def outcome_of(settlement: completion.Settlement | None) -> Outcome:
    assert isinstance(settlement, Ack)
    return decode_outcome(settlement.outcome[DIGEST_BYTES:])


def failure_of(settlement: completion.Settlement | None) -> Failure:
    assert isinstance(settlement, Bury | FailedAttempt)
    return decode_failure(settlement.failure)


def raised(error: BaseException) -> BaseException:
    """An error with a traceback."""
    try:
        raise error
    except BaseException as caught:
        return caught


def test_a_result_is_acked_with_the_digest_of_its_task() -> None:
    task = leased_task("a", attempts=1)
    task.started_ms = NOW_MS - 5
    settlement = completion.succeeded(task, {"n": 1}, retention_of(60_000, is_own=True), NOW_MS, LIMIT).settlement

    assert isinstance(settlement, Ack)
    assert settlement[:3] == ("a", 7, 60_000)
    assert settlement.outcome[:DIGEST_BYTES] == task.lease.record[:DIGEST_BYTES]
    assert outcome_of(settlement) == Outcome(TaskState.SUCCEEDED, "send", 2, WORKER, NOW_MS - 5, NOW_MS, {"n": 1})


def test_without_retention_only_the_ack_is_kept_and_only_to_detect_a_replay() -> None:
    settlement = completion.succeeded(
        leased_task("a"), object(), retention_of(0, is_own=True), NOW_MS, LIMIT
    ).settlement

    assert isinstance(settlement, Ack)
    assert settlement.retention_ms == REPLAY_MS
    assert outcome_of(settlement).result is None


@pytest.mark.parametrize("result", [object(), 2**70, {1: 2}, "x" * (LIMIT + 1), "\ud800", [[object()]]])
def test_a_result_that_cannot_be_stored_buries_its_task(result: Any) -> None:
    settlement = completion.succeeded(
        leased_task("a"), result, retention_of(60_000, is_own=True), NOW_MS, LIMIT
    ).settlement

    assert isinstance(settlement, Bury)
    assert failure_of(settlement).reason == DeathReason.RESULT
    assert "result of send" in failure_of(settlement).error


def test_a_failed_attempt_is_tried_again_after_its_delay() -> None:
    settlement = completion.failed(leased_task("a"), ValueError("no"), AGAIN, NOW_MS).settlement

    assert isinstance(settlement, FailedAttempt)
    assert settlement[:3] == ("a", 7, 500)


def test_a_snoozed_task_has_no_failure() -> None:
    decision = RetryDecision(RetryAction.SNOOZE, 60_000)

    assert completion.failed(leased_task("a"), Snooze(60), decision, NOW_MS).settlement == SnoozedTask("a", 7, 60_000)


def test_a_failure_keeps_its_error_and_traceback() -> None:
    failure = failure_of(completion.failed(leased_task("a"), raised(ValueError("no")), AGAIN, NOW_MS).settlement)

    assert failure.error == "ValueError: no"
    assert "Traceback" in failure.traceback
    assert "raise error" in failure.traceback
    assert (failure.name, failure.attempt, failure.worker, failure.failed_ms) == ("send", 1, WORKER, NOW_MS)
    assert failure.reason == ""


def test_the_last_attempt_buries() -> None:
    settlement = completion.failed(leased_task("a", attempts=4), raised(KeyError("k")), GIVEN_UP, NOW_MS).settlement

    assert isinstance(settlement, Bury)
    assert failure_of(settlement).reason == DeathReason.ATTEMPTS
    assert failure_of(settlement).error == "KeyError: 'k'"
    assert "Traceback" in failure_of(settlement).traceback


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __repr__(self) -> str:
        raise RuntimeError("no text either")


def odd_syntax_error() -> SyntaxError:
    error = SyntaxError("odd")
    error.filename, error.lineno, error.text, error.offset = "f", 1, "x", "nowhere"  # type: ignore[assignment]
    return error


def circular() -> Exception:
    error = ValueError("round")
    error.__context__ = TypeError("and round")
    error.__context__.__context__ = error
    return error


@pytest.mark.parametrize(
    "error",
    [
        Mute(),
        odd_syntax_error(),
        circular(),
        ValueError("x" * 1_000_000),
        ValueError("\ud800 lone"),
        ValueError(b"\xff"),
        SystemExit(3),
        RecursionError(),
        ExceptionGroup("several", [Mute(), ValueError()]),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_exception_can_be_stored(error: BaseException) -> None:
    settlement = completion.failed(leased_task("a"), raised(error), AGAIN, NOW_MS).settlement

    assert isinstance(settlement, FailedAttempt)
    assert failure_of(settlement).error.startswith(type(error).__name__)
    assert len(settlement.failure) < 30_000


def test_an_unstarted_task_is_released_and_a_lost_one_takes_no_edge() -> None:
    assert completion.released(leased_task("a")).settlement == Release("a", 7, 0)
    assert completion.released(leased_task("a"), 250).settlement == Release("a", 7, 250)
    assert completion.lost(leased_task("a")).settlement is None


def test_a_cancelled_task_is_acked_as_cancelled() -> None:
    outcome = outcome_of(
        completion.cancelled(leased_task("a"), retention_of(60_000, is_own=True), NOW_MS, LIMIT).settlement
    )

    assert (outcome.state, outcome.result) == (TaskState.CANCELLED, None)
