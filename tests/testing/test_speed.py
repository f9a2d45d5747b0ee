"""What tests cost, in time of the CPU: other tests run beside these."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from redisched import Scheduler, testing
from tests.house.checkout import ROOT
from tests.testing.shop import app, done, note


def cpu_of_children_s() -> float:
    """How long the CPU has worked for processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


THOUSAND = """
import pytest
from tests.testing.shop import note

@pytest.fixture(scope="session")
def redisched_app():
    from tests.testing.shop import app
    return app

@pytest.mark.parametrize("number", range(1_000))
def test_it(redisched_worker, number):
    task = note.options(delay=60).enqueue(number)
    redisched_worker.advance("1m")
    assert task.result() == number
"""


@pytest.mark.measured
def test_a_thousand_small_tests_take_less_than_ten_seconds(tmp_path: Path) -> None:
    (tmp_path / "test_thousand.py").write_text(THOUSAND)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "redisched.testing.plugin")
    before_s = cpu_of_children_s()
    finished = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert "1000 passed" in finished.stdout, finished.stdout
    assert cpu_of_children_s() - before_s < 10


@pytest.mark.measured
def test_a_year_of_delayed_tasks_takes_less_than_a_second() -> None:
    done.clear()
    with testing.worker(app) as worker:
        note.enqueue().result()
        began_s = time.process_time()
        for day in range(1, 366):
            note.options(delay=86_400 * day).enqueue(day)
        worker.advance("365 days")
        took_s = time.process_time() - began_s

    assert done[1:] == list(range(1, 366))
    assert took_s < 1


@pytest.mark.measured
def test_a_year_of_a_daily_schedule_takes_less_than_a_second() -> None:
    yearly = Scheduler("redis://127.0.0.1:1/0")
    yearly.cron("0 3 * * *", tz="Europe/Berlin", name="nightly")(yearly.task(name="note")(lambda: None))
    with testing.worker(yearly) as worker:
        worker.advance("2 days")
        began_s = time.process_time()
        attempts = worker.advance("365 days")
        took_s = time.process_time() - began_s

    assert attempts == 365
    assert took_s < 1
