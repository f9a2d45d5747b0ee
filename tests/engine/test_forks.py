"""A copy of the worker that a handler forked ends when it leaves the handler, and does no work of the worker."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler
from redisched.codec import DIGEST_BYTES, decode_outcome
from redisched.store.values import Ack
from tests.embedded.processes import is_alive
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.isolation import app as handlers
from tests.waiting import wait_until

CODES = {"return": 0, "exit": 3, "raise": 1}


@pytest.fixture
def app() -> Scheduler:
    return Scheduler()


def result_of(app: Scheduler, name: str, *args: Any) -> Any:
    results = []

    async def use(bench: Bench) -> None:
        bench.give(name, *args)
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, Ack), settlement
        results.append(decode_outcome(settlement.outcome[DIGEST_BYTES:]).result)

    on_bench(app, use, target=handlers.TARGET)
    return results[0]


@pytest.mark.parametrize(("way", "code"), CODES.items())
def test_a_fork_of_a_sync_handler_ends_with_the_handler(app: Scheduler, way: str, code: int) -> None:
    app.task(name="fork")(handlers.forked)
    assert result_of(app, "fork", way) == code


@pytest.mark.parametrize(("way", "code"), [*CODES.items(), ("await", 0)])
def test_a_fork_of_an_async_handler_ends_with_the_handler(app: Scheduler, way: str, code: int) -> None:
    app.task(name="fork")(handlers.fork_async.entry.function)
    assert result_of(app, "fork", way) == code


@pytest.mark.parametrize("name", ["fork", "fork_async"])
@pytest.mark.parametrize(("way", "code"), CODES.items())
def test_a_fork_of_an_isolated_handler_ends_with_the_handler(name: str, way: str, code: int) -> None:
    assert result_of(handlers.app, name, way) == code


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    """The file for the process id of a program that a handler leaves behind. The program is ended after the test."""
    path = tmp_path / "program"
    yield path
    os.kill(int(path.read_text()), signal.SIGKILL)


def test_a_program_left_by_an_isolated_handler_does_not_hide_the_end_of_its_process(program: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.give("leave_a_program", str(program))
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, Ack)
        process = decode_outcome(settlement.outcome[DIGEST_BYTES:]).result
        os.kill(process, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: not is_alive(process), "the process to end")
        bench.give("add", 1, 2, id="b")
        assert await bench.settlements(1) == {"Ack"}

    on_bench(handlers.app, use, target=handlers.TARGET)


def test_a_program_started_by_an_isolated_handler_ends_on_sigint() -> None:
    assert result_of(handlers.app, "signalled") == -signal.SIGINT
