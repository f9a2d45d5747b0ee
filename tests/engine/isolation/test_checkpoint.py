"""Checkpoints of isolated handlers: their worker saves them, because it holds the lease."""

from pathlib import Path
from typing import Any

import pytest

from redisched.codec import decode_failure, encode_state
from redisched.engine.checkpoints import CheckpointSaver
from redisched.engine.completion import Completion
from redisched.engine.leased_task import LeasedTask
from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable, LeaseLost, QueueFull
from redisched.store.values import FailedAttempt
from tests.engine.isolation.test_isolated import result_in, verdict_on

Saved = list[bytes]


def error_in(completion: Completion) -> str:
    assert isinstance(completion.settlement, FailedAttempt)
    return decode_failure(completion.settlement.failure).error


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Saved:
    """What the worker was asked to save. The next attempt of each task is given it."""
    states: Saved = []
    made = LeasedTask.__init__

    def begin(task: LeasedTask, *args: Any, **kwargs: Any) -> None:
        made(task, *args, **kwargs)
        task.checkpoint = states[-1] if states else b""

    monkeypatch.setattr(CheckpointSaver, "save", lambda saver, task, state: states.append(state))
    monkeypatch.setattr(LeasedTask, "__init__", begin)
    return states


@pytest.mark.parametrize("name", ["import_pages", "import_pages_async"])
def test_what_is_saved_in_a_process_is_given_to_the_next_attempt(name: str, saved: Saved) -> None:
    assert [error_in(verdict_on(name, 2)) for _ in range(2)] == ["ValueError: the line is cut"] * 2
    assert saved == [encode_state(name, page, 99) for page in (1, 2)]
    assert result_in(verdict_on(name, 2)) == 2


def test_a_handler_that_is_told_to_end_can_still_save(saved: Saved, tmp_path: Path) -> None:
    assert error_in(verdict_on("save_when_told", str(tmp_path / "begun"), timeout_ms=50)) == "HandlerTimedOut"
    assert saved == [encode_state("f", "nearly done", 99)]


@pytest.mark.parametrize(("kind", "error"), [("large", "PayloadTooLarge: "), ("lock", "NotEncodable: ")])
def test_what_cannot_be_kept_is_refused_in_the_process(kind: str, error: str, saved: Saved) -> None:
    assert error_in(verdict_on("save", kind)).startswith(error)
    assert saved == []


@pytest.mark.parametrize(
    "error", [BrokerUnavailable("no answer", 2.0), QueueFull("OOM"), BrokerRefused("checkpoint", "READONLY")]
)
def test_an_error_of_redis_is_raised_inside(error: BrokerError, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(CheckpointSaver, "save", fail)

    assert error_in(verdict_on("save", "page 7")).startswith(type(error).__name__)


def test_a_lost_lease_ends_the_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: Any) -> None:
        raise LeaseLost

    monkeypatch.setattr(CheckpointSaver, "save", lose)

    assert verdict_on("save", "page 7").settlement is None
