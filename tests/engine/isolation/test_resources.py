"""Each process of isolated handlers opens resources and lifespans for itself, and closes them when it ends."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from redisched.codec import DIGEST_BYTES, decode_outcome
from redisched.store.values import Ack, FailedAttempt
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.isolation import resources_app


@pytest.fixture
def notes() -> Iterator[Path]:
    """What the processes say that they do."""
    path = resources_app.notes_of(os.getpid())
    path.unlink(missing_ok=True)
    yield path
    path.unlink()


def said(notes: Path) -> list[str]:
    return [line.partition(" ")[2] for line in notes.read_text().splitlines()]


def test_one_process_opens_everything_once_on_an_event_loop_that_stays(notes: Path) -> None:
    results: list[Any] = []

    async def use(bench: Bench) -> None:
        for name in ("sync", "on_loop", "sync"):
            bench.give(name, 5)
            settlement = (await bench.completion()).settlement
            assert isinstance(settlement, Ack)
            results.append(decode_outcome(settlement.outcome[DIGEST_BYTES:]).result)

    on_bench(resources_app.app, use, target=resources_app.TARGET)

    assert [result[:3] for result in results] == [[5, "own", True]] * 3
    assert len({result[3] for result in results} | {os.getpid()}) == 2
    attempt = ["open own", "close own"]
    first = ["open life", "open own", "open shared", "close own"]
    assert said(notes) == [*first, *attempt, *attempt, "close shared", "close life"]
    assert len({line.partition(" ")[0] for line in notes.read_text().splitlines()}) == 1


def test_one_of_the_task_is_closed_when_the_handler_is_interrupted(notes: Path) -> None:
    settlements = []

    async def use(bench: Bench) -> None:
        bench.give("endless", timeout_ms=1_000)
        settlements.append((await bench.completion()).settlement)

    on_bench(resources_app.app, use, target=resources_app.TARGET)

    assert isinstance(settlements[0], FailedAttempt)
    assert said(notes) == ["open life", "open own", "HandlerTimedOut", "close own"]
