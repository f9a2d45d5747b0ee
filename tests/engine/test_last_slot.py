"""A handler that waits for another task in the last slot of its process gets advice that it may block that task."""

from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.client.last_slot import SAID_AFTER_S, LastSlot
from redisched.context import TaskContext, free_slots, running
from redisched.errors import TaskFailed
from redisched.model import TaskState
from tests.engine.leases import leased_task
from tests.engine.supervised import SupervisedFleet

WAITING = """
@app.task(name="wait", max_attempts=1)
def wait(timeout):
    return add.enqueue(1, 2).result(timeout=timeout)


@app.task(name="wait_async", max_attempts=1)
async def wait_async(timeout):
    return await (await add.enqueue_async(1, 2)).result_async(timeout=timeout)


@app.task(name="wait_apart", isolation="process", max_attempts=1)
def wait_apart(timeout):
    return wait(timeout)


@app.task(name="wait_apart_async", isolation="process", max_attempts=1)
async def wait_apart_async(timeout):
    return await wait_async(timeout)
"""
NAMES = ["wait", "wait_async", "wait_apart", "wait_apart_async"]
WAYS = [pytest.param(name, marks=[pytest.mark.nightly] * (name not in ("wait", "wait_apart_async"))) for name in NAMES]
SAID = "keeps the last slot of its process"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.mark.parametrize("name", WAYS)
def test_a_wait_in_the_last_slot_is_reported_in_the_log_and_in_the_error(
    server: Server, tmp_path: Path, name: str
) -> None:
    with SupervisedFleet(tmp_path, server.url, WAITING, "--concurrency", "1") as fleet:
        task = fleet.enqueue(name, 3)
        with pytest.raises(TaskFailed) as failed:
            task.result(timeout=30)

        assert "ResultTimeout" in failed.value.error
        assert f"not ended within 3 s, as the handler that waits {SAID}" in failed.value.error
        (line,) = [line for line in fleet.log.splitlines() if SAID in line and "waits for the result" in line]
        assert "WARNING redisched.worker" in line
        assert f"task {name} {task.id} waits for the result of task" in line
        assert "--concurrency" in line


@pytest.mark.parametrize("name", WAYS)
def test_with_a_free_slot_nothing_is_reported(server: Server, tmp_path: Path, name: str) -> None:
    with SupervisedFleet(tmp_path, server.url, WAITING, "--concurrency", "2") as fleet:
        assert fleet.result(name, 20) == 3
        assert SAID not in fleet.log


class Handler:
    """The running handler."""

    def task_context(self) -> TaskContext:
        return leased_task("outer").task_context()


@pytest.mark.parametrize(
    ("state", "free", "is_advised"),
    [
        (TaskState.READY, 0, True),
        (TaskState.SCHEDULED, 0, True),
        (TaskState.LEASED, 0, True),
        (TaskState.RUNNING, 0, False),
        (TaskState.READY, 1, False),
        (TaskState.READY, None, False),
    ],
)
def test_a_wait_in_the_last_slot_is_reported_once_and_only_after_a_while(
    caplog: pytest.LogCaptureFixture, state: TaskState, free: int | None, is_advised: bool
) -> None:
    def wait() -> list[tuple[str, int]]:
        running.set(Handler())
        free_slots.set(None if free is None else lambda: free)
        wait = LastSlot("inner", 10.0)
        return [(wait.advice(state, now_s), len(caplog.records)) for now_s in (10.0, 10.0 + SAID_AFTER_S, 20.0)]

    seen = copy_context().run(wait)
    assert [bool(advice) for advice, _ in seen] == [is_advised] * 3
    assert [said for _, said in seen] == [0, int(is_advised), int(is_advised)]


def test_outside_of_a_worker_nothing_is_reported() -> None:
    assert LastSlot("inner", 0.0).advice(TaskState.READY, 100.0) == ""
