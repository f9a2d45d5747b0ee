"""Programs that pull are tested like handlers: in virtual time, on the server of the test."""

import asyncio

import pytest

from redisched import Scheduler, TaskState, testing
from redisched.errors import LeaseNotHeld
from redisched.testing import Backend
from tests.engine.running import look


@pytest.fixture
def app() -> Scheduler:
    return Scheduler()


@pytest.mark.parametrize("backend", list(Backend))
def test_a_program_pulls_in_virtual_time(app: Scheduler, backend: Backend) -> None:
    with testing.worker(app, backend=backend) as w:
        ref = app.enqueue("import_rows", 3, queue="imports", delay=3600)
        with app.claim("imports") as leases:
            assert leases == ()
        w.elapse("1 hour")
        with app.claim("imports", n=5) as (lease,):
            assert lease.task.args == (3,)
            assert lease.retry("busy", delay=60) is TaskState.RETRYING
        w.elapse("1 minute")
        with app.claim("imports") as (lease,):
            assert lease.task.attempt == 2
            lease.ack("imported")

        assert ref.result() == "imported"


def test_a_lease_lasts_however_far_time_moves_in_its_block(app: Scheduler) -> None:
    @app.task(queue="imports")
    def other() -> None: ...

    with testing.worker(app) as w:
        ref = app.enqueue("import_rows", queue="imports")
        with app.claim("imports", lease=1) as (lease,):
            w.advance("1 day")
            assert lease.ack() is TaskState.SUCCEEDED
            with pytest.raises(LeaseNotHeld):
                lease.ack()

        assert ref.status() is TaskState.SUCCEEDED


def test_times_of_a_pulled_task_are_those_of_the_test(app: Scheduler) -> None:
    with testing.worker(app, start=1_800_000_000) as w:
        ref = app.enqueue("import_rows", queue="imports")
        with app.claim("imports") as (lease,):
            assert lease.task.run_at_ms == 1_800_000_000_000
            w.elapse(5)
            lease.retry("busy")

        (failure,) = look(app.broker, ref.id, "imports").failures
        assert failure.failed_ms == 1_800_000_005_000


def test_nobody_waits_for_time_that_stands_still(app: Scheduler) -> None:
    async def pull() -> int:
        async with app.claim_async("imports", wait=3600) as leases:
            return len(leases)

    with testing.worker(app), app.claim("imports", wait=3600) as leases:
        assert leases == ()
        assert asyncio.run(pull()) == 0


def test_what_is_given_back_runs_in_the_worker_of_the_test(app: Scheduler) -> None:
    @app.task(queue="imports")
    def import_rows(rows: int) -> int:
        return rows

    with testing.worker(app) as w:
        ref = import_rows.enqueue(3)
        with app.claim("imports") as (lease,):
            assert w.run_until_idle() == 0
            assert lease.task.args == (3,)
        assert w.run_until_idle() == 1
        assert ref.result() == 3
