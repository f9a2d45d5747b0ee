"""The timeout of an isolated handler: it is told first, then has its grace, then its process is killed."""

from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler
from redisched.codec import decode_failure
from redisched.engine.completion import Completion
from redisched.errors import InvalidOption
from redisched.handler_options import TIMEOUT_GRACE_MS
from redisched.store.values import FailedAttempt
from tests.engine.isolation.test_isolated import result_in, verdict_on


def error_in(completion: Completion) -> str:
    assert isinstance(completion.settlement, FailedAttempt)
    return decode_failure(completion.settlement.failure).error


@pytest.mark.parametrize("name", ["tidy", "tidy_async"])
def test_a_handler_that_is_out_of_time_is_told_and_may_tidy_up(name: str, tmp_path: Path) -> None:
    assert error_in(verdict_on(name, str(tmp_path / "tidied"), timeout_ms=50)) == "HandlerTimedOut"
    assert (tmp_path / "tidied").exists()


def test_a_handler_that_does_not_end_is_told_first_and_killed_after_its_grace(tmp_path: Path) -> None:
    assert error_in(verdict_on("insist", str(tmp_path / "begun"), timeout_ms=50)) == "HandlerTimedOut"
    assert (tmp_path / "begun.told").exists()


def test_without_a_grace_the_process_is_killed_at_once(tmp_path: Path) -> None:
    assert error_in(verdict_on("insist_briefly", str(tmp_path / "tidied"), timeout_ms=50)) == "HandlerTimedOut"


@pytest.mark.parametrize("name", ["go_on", "go_on_async"])
def test_a_handler_that_moves_its_timeout_is_not_ended_by_it(name: str) -> None:
    assert 0.0 < result_in(verdict_on(name, timeout_ms=100)) <= 3_600 - 0.01


@pytest.mark.parametrize("options", [{}, {"isolation": "none"}])
def test_a_grace_is_refused_where_nothing_can_enforce_it(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=r"^timeout_grace=5: only with isolation='process'.*add that, or leave"):
        Scheduler().task(name="pay", timeout=1, timeout_grace=5, **options)(lambda: None)


@pytest.mark.parametrize("grace", [-1, "5", True, float("nan")])
def test_a_wrong_grace_is_refused(grace: Any) -> None:
    with pytest.raises(InvalidOption, match=r"^timeout_grace="):
        Scheduler().task(name="pay", isolation="process", timeout_grace=grace)(lambda: None)


def test_the_grace_of_a_handler_is_a_second_unless_it_says_otherwise() -> None:
    app = Scheduler()
    app.task(name="usual", isolation="process")(lambda: None)
    app.task(name="patient", isolation="process", timeout_grace=30)(lambda: None)

    assert [entry.options.timeout_grace_ms for entry in app.registry] == [TIMEOUT_GRACE_MS, 30_000]
