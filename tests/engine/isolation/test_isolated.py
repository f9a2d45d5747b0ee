"""Handlers in processes of their own: what they return, and that the death of one harms no other task."""

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler
from redisched.codec import DIGEST_BYTES, decode_failure, decode_outcome
from redisched.config import WorkerSettings
from redisched.engine.completion import Completion
from redisched.engine.worker import Worker
from redisched.errors import CancelRequested, Interruption, InvalidOption, LeaseLost
from redisched.model import DeathReason
from redisched.retry import DEFAULT_ATTEMPTS
from redisched.store.values import Ack, Bury, Crash, FailedAttempt, Release, SnoozedTask
from tests.embedded.processes import is_alive
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.isolation import app as handlers
from tests.engine.leases import QUEUE, WORKER
from tests.waiting import wait_until


def isolated(use: Callable[[Bench], Coroutine[Any, Any, None]], app: Scheduler = handlers.app, **settings: Any) -> None:
    on_bench(app, use, target=handlers.TARGET, **settings)


def verdict_on(name: str, *args: Any, timeout_ms: int | None = None) -> Completion:
    """The completion of one task."""
    completions = []

    async def use(bench: Bench) -> None:
        bench.give(name, *args, timeout_ms=timeout_ms)
        completions.append(await bench.completion())

    isolated(use)
    return completions[0]


def result_in(completion: Completion) -> Any:
    assert isinstance(completion.settlement, Ack)
    return decode_outcome(completion.settlement.outcome[DIGEST_BYTES:]).result


@pytest.mark.parametrize("name", ["add", "add_async"])
def test_an_isolated_handler_gets_its_arguments_and_returns_its_result(name: str) -> None:
    assert result_in(verdict_on(name, 1, 2)) == 3


def test_an_isolated_handler_runs_in_another_process() -> None:
    assert result_in(verdict_on("where")) != os.getpid()


def test_an_isolated_handler_can_read_its_task() -> None:
    assert result_in(verdict_on("about")) == ["a", "about", QUEUE, 1, DEFAULT_ATTEMPTS, 7, WORKER]


@pytest.mark.parametrize(("name", "error"), [("fail", "ValueError: no luck"), ("leave", "SystemExit: 3")])
def test_an_error_of_an_isolated_handler_is_a_failure_with_its_traceback(name: str, error: str) -> None:
    settlement = verdict_on(name).settlement
    assert isinstance(settlement, FailedAttempt)
    failure = decode_failure(settlement.failure)
    assert failure.error == error
    assert f"in {name}" in failure.traceback


def test_the_process_decides_by_the_error_itself_what_becomes_of_the_task() -> None:
    given_up, paused, snoozed, rejected = (
        verdict_on(name).settlement for name in ("give_up", "pause", "snooze", "reject")
    )

    assert isinstance(given_up, Bury)
    assert decode_failure(given_up.failure).reason == DeathReason.NOT_RETRIED
    assert isinstance(paused, FailedAttempt)
    assert paused.delay_ms == 107_000
    assert isinstance(snoozed, SnoozedTask)
    assert snoozed.delay_ms == 60_000
    assert isinstance(rejected, Bury)
    rejection = decode_failure(rejected.failure)
    assert (rejection.reason, rejection.error) == (DeathReason.REJECTED, "Reject: no city")


def test_a_result_that_cannot_be_stored_ends_the_task() -> None:
    settlement = verdict_on("lock").settlement
    assert isinstance(settlement, Bury)
    failure = decode_failure(settlement.failure)
    assert failure.reason == DeathReason.RESULT
    assert failure.error.startswith("result of lock=")


def test_the_descriptors_of_ended_processes_are_closed() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async def use(bench: Bench) -> None:
        for number in range(3):
            bench.give("die", id=f"first-{number}")
            await bench.completion()
        before = descriptors()
        for number in range(5):
            bench.give("die", id=f"die-{number}")
            await bench.completion()
            bench.give("add", 1, id=f"add-{number}")
            await bench.completion()
        # The process that the last task left alive has added one. Those of ended processes are closed in a thread.
        await asyncio.to_thread(wait_until, lambda: descriptors() <= before + 3, "the descriptors are closed")

    gc.disable()
    try:
        isolated(use)
        isolated(use, max_tasks_per_child=1)
    finally:
        gc.enable()


def test_a_result_that_is_not_kept_need_not_be_storable() -> None:
    assert result_in(verdict_on("lock_unkept")) is None


def test_signals_to_every_process_of_a_worker_do_not_end_an_isolated_handler() -> None:
    assert result_in(verdict_on("take_signals")) == "still here"


def test_a_handler_that_its_process_does_not_find_fails() -> None:
    app = Scheduler()
    app.task(name="elsewhere", isolation="process")(lambda: None)

    async def use(bench: Bench) -> None:
        bench.give("elsewhere")
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, FailedAttempt)
        assert "gives no handler named 'elsewhere'" in decode_failure(settlement.failure).error

    isolated(use, app)


def test_an_application_that_cannot_be_imported_fails_the_task() -> None:
    async def use(bench: Bench) -> None:
        bench.give("add", 1, 2)
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, FailedAttempt)
        assert "there is no module 'nowhere'" in decode_failure(settlement.failure).error

    on_bench(handlers.app, use, target="nowhere:app")


def test_isolated_handlers_need_a_worker_started_with_module_and_app() -> None:
    with pytest.raises(InvalidOption, match="needs a worker that knows its application as MODULE:APP"):
        Worker(handlers.app, WorkerSettings())


def test_processes_are_reused() -> None:
    async def use(bench: Bench) -> None:
        processes = set()
        for number in range(5):
            bench.give("where", id=f"t{number}")
            processes.add(result_in(await bench.completion()))
        assert len(processes) == 1

    isolated(use)


@pytest.mark.parametrize(
    ("settings", "name", "args"),
    [({"max_tasks_per_child": 1}, "where", ()), ({"max_rss_bytes": 60_000_000}, "grow", (80,))],
)
def test_processes_are_replaced_at_their_limit_of_tasks_or_memory(
    settings: dict[str, Any], name: str, args: tuple[int, ...]
) -> None:
    async def use(bench: Bench) -> None:
        bench.give(name, *args, id="first")
        first = result_in(await bench.completion())
        bench.give("where", id="second")
        assert result_in(await bench.completion()) != first
        await asyncio.to_thread(wait_until, lambda: not is_alive(first), "the first process is gone")

    isolated(use, **settings)


def test_the_death_of_a_process_ends_only_its_own_task(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.give("insist", str(tmp_path / "begun"), id="neighbour")
        await asyncio.to_thread(wait_until, (tmp_path / "begun").exists, "the neighbour runs")
        bench.give("die", id="poison")
        crashed = await bench.completion()
        assert crashed.task.lease.id == "poison"
        assert isinstance(crashed.settlement, Crash)
        bench.give("add", 1, 2, id="next")
        assert result_in(await bench.completion()) == 3

    isolated(use)


def test_an_isolated_task_is_not_blamed_for_the_death_of_its_worker(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.give("insist", str(tmp_path / "begun"))
        await asyncio.to_thread(wait_until, (tmp_path / "begun").exists, "the handler runs")
        assert bench.started == {}

    isolated(use)


def test_an_isolated_handler_that_runs_longer_than_its_timeout_is_killed(tmp_path: Path) -> None:
    settlement = verdict_on("insist", str(tmp_path / "begun"), timeout_ms=100).settlement
    assert isinstance(settlement, FailedAttempt)
    assert decode_failure(settlement.failure).error == "HandlerTimedOut"


def interrupted(name: str, kind: type[Interruption], tmp_path: Path, *args: str) -> Completion:
    """The completion of a handler that is interrupted while it runs."""
    completions = []

    async def use(bench: Bench) -> None:
        task = bench.give(name, str(tmp_path / "begun"), *args)
        await asyncio.to_thread(wait_until, (tmp_path / "begun").exists, "the handler runs")
        bench.executor.interrupt(task, kind)
        completions.append(await bench.completion())

    isolated(use)
    return completions[0]


@pytest.mark.parametrize("name", ["wait", "wait_async"])
def test_a_cancelled_isolated_handler_may_clean_up(name: str, tmp_path: Path) -> None:
    cancelled = interrupted(name, CancelRequested, tmp_path, str(tmp_path / "tidied"))
    assert isinstance(cancelled.settlement, Ack)
    assert (tmp_path / "tidied").exists()


def test_an_isolated_handler_that_ignores_its_cancellation_is_killed(tmp_path: Path) -> None:
    assert isinstance(interrupted("insist", CancelRequested, tmp_path).settlement, Ack)


def test_after_an_interrupted_handler_the_next_one_gets_a_new_process(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.give("where", id="before")
        before = result_in(await bench.completion())
        task = bench.give("wait", str(tmp_path / "begun"), str(tmp_path / "tidied"))
        await asyncio.to_thread(wait_until, (tmp_path / "begun").exists, "the handler runs")
        bench.executor.interrupt(task, CancelRequested)
        await bench.completion()
        bench.give("where", id="after")
        assert result_in(await bench.completion()) != before

    isolated(use)


def test_an_isolated_handler_whose_lease_is_lost_settles_nothing(tmp_path: Path) -> None:
    assert interrupted("insist", LeaseLost, tmp_path).settlement is None


def test_a_stop_kills_running_isolated_handlers_and_releases_their_tasks(tmp_path: Path) -> None:
    async def use(bench: Bench) -> None:
        bench.give("insist", str(tmp_path / "begun"))
        await asyncio.to_thread(wait_until, (tmp_path / "begun").exists, "the handler runs")
        await bench.executor.stop()
        assert isinstance((await bench.completion()).settlement, Release)

    isolated(use)
