"""Worker processes that the bench measures: what they report, and the error when one dies."""

import os
import signal

import pytest

from redisched.bench.fleet import fleet, next_start_of_any, spec_of
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.config import Until, WorkerSettings

pytestmark = pytest.mark.measured


def test_a_worker_reports_its_starts_and_at_its_end_its_largest_memory(workbench: Workbench) -> None:
    with workbench.jobs() as jobs:
        jobs.enqueue(jobs.rec, range(3))
        with fleet([spec_of(workbench, jobs, WorkerSettings(until=Until.EMPTY))]) as (worker,):
            starts = list(worker.go().starts(3))
            peak_bytes = worker.wait_ended()

    assert [start.task for start in starts] == [0, 1, 2]
    assert starts == sorted(starts, key=lambda start: start.monotonic_s)
    assert 10e6 < peak_bytes < 1e9


def test_starts_are_received_from_every_process(workbench: Workbench) -> None:
    with workbench.jobs() as jobs, fleet([spec_of(workbench, jobs)] * 2) as workers:
        for worker in workers:
            worker.go()
        jobs.enqueue(jobs.rec, range(5))
        assert {next_start_of_any(workers).task for _ in range(5)} == set(range(5))


def test_a_worker_that_ends_too_early_makes_the_measurement_fail(workbench: Workbench) -> None:
    with workbench.jobs() as jobs:
        spec = spec_of(workbench, jobs, WorkerSettings(until=Until.EMPTY))
        with fleet([spec]) as (worker,), pytest.raises(MeasurementFailed, match="ended before its tasks did"):
            worker.go().next_start()


def test_a_worker_that_dies_makes_the_measurement_fail(workbench: Workbench) -> None:
    with workbench.jobs() as jobs, fleet([spec_of(workbench, jobs)]) as (worker,):
        os.kill(worker.process_id, signal.SIGKILL)
        with pytest.raises(MeasurementFailed, match="died"):
            worker.next_start()


def test_a_process_may_run_several_workers(workbench: Workbench) -> None:
    with workbench.jobs() as jobs:
        jobs.enqueue(jobs.rec, range(4))
        one = spec_of(workbench, jobs)
        several = type(one)(urls=one.urls * 3, queue=one.queue, settings=one.settings)
        with fleet([several]) as (worker,):
            assert {start.task for start in worker.go().starts(4)} == set(range(4))
