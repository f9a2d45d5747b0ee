"""Handlers with unruly ends end in tests as they do in a worker, and the test goes on."""

import asyncio

import pytest

from redisched import Scheduler, testing
from redisched.model import TaskState
from redisched.store.values import Bury
from tests.engine.unruly import ENDS, KINDS, app, name_of


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ENDS)
def test_it_ends_as_in_a_worker_and_the_next_handler_runs(end: str, kind: str) -> None:
    with testing.worker(app) as worker:
        task, following = app.enqueue(name_of(end, kind)), app.enqueue("next")
        worker.run_until_idle()

        assert task.status() is (TaskState.DEAD if ENDS[end][1] is Bury else TaskState.RETRYING)
        assert following.result() == "whole"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_group_with_a_failure_of_the_test_fails_the_test(is_async: bool) -> None:
    app = Scheduler()

    def fail() -> None:
        raise BaseExceptionGroup("two", [SystemExit(), BaseExceptionGroup("one", [pytest.fail.Exception("seen")])])

    async def fail_async() -> None:
        await asyncio.sleep(0)
        fail()

    app.task(name="fails")(fail_async if is_async else fail)
    with testing.worker(app) as worker:
        task = app.enqueue("fails")
        with pytest.raises(BaseExceptionGroup, match="two"):
            worker.run_until_idle()
        assert task.status() is TaskState.READY
