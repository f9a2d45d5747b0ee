"""What isolated handlers tell of their progress: their worker takes it over, because it holds the lease."""

import asyncio
from pathlib import Path

import pytest

from redisched.engine.completion import Completion
from redisched.progress import MOST_LINES, LogLine, Progress, decode_lines, decode_progress
from redisched.store.values import FailedAttempt
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.isolation import telling
from tests.server_time import NOW_MS
from tests.waiting import wait_until

END_MS = 60_000


def completion_of(name: str, *args: int, timeout_ms: int | None = None) -> Completion:
    completions = []

    async def use(bench: Bench) -> None:
        bench.give(name, *args, timeout_ms=timeout_ms)
        completions.append(await bench.completion())

    on_bench(telling.app, use, target=telling.TARGET)
    return completions[0]


def told_in(completion: Completion) -> tuple[Progress | None, list[LogLine]]:
    assert completion.task.report is not None
    pending = completion.task.report.pending()
    assert pending is not None
    return decode_progress(pending.progress), list(decode_lines(pending.lines, pending.number + 1))


@pytest.mark.parametrize("name", ["tell", "tell_async"])
def test_what_is_told_in_a_process_comes_to_its_worker(name: str) -> None:
    progress, lines = told_in(completion_of(name, 3))

    assert progress is not None
    assert (progress.done, progress.total, progress.note, progress.attempt) == (3, 3, "in a process", 1)
    assert [(line.number, line.text) for line in lines] == [(1, "line 1"), (2, "line 2"), (3, "line 3")]
    assert NOW_MS < progress.at_ms <= lines[-1].at_ms <= progress.at_ms + END_MS


def test_of_many_calls_the_last_is_told_and_lines_that_were_dropped_are_counted() -> None:
    progress, lines = told_in(completion_of("tell", 20_000))

    assert progress is not None
    assert (progress.done, len(lines), lines[-1].number, lines[-1].text) == (20_000, MOST_LINES, 20_000, "line 20000")


def test_a_handler_that_is_told_to_end_can_still_tell() -> None:
    completion = completion_of("tell_when_told", timeout_ms=50)

    assert isinstance(completion.settlement, FailedAttempt)
    assert [line.text for line in told_in(completion)[1]] == ["out of time"]


def test_it_is_told_while_the_handler_runs(tmp_path: Path) -> None:
    end = tmp_path / "end"

    async def use(bench: Bench) -> None:
        task = bench.give("tell_and_wait", str(end))
        await asyncio.to_thread(wait_until, lambda: task.report is not None, "the progress is told")
        end.touch()
        await bench.completion()

    on_bench(telling.app, use, target=telling.TARGET)
