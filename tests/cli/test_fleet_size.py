"""The numbers that stand for auto in the options of a worker."""

from pathlib import Path

import pytest

from redisched.cli.cpus import UsableCpus
from redisched.cli.fleet_size import AUTO, fit_to_cpus
from tests.cli.applications import write_application
from tests.cli.commands import run_process


@pytest.mark.parametrize(
    ("cpus", "processes", "concurrency", "fitting"),
    [
        (8, AUTO, 16, (8, 16)),
        (1.5, AUTO, 16, (2, 16)),
        (0.1, AUTO, AUTO, (1, 1)),
        (8, AUTO, AUTO, (8, 1)),
        (8, 1, AUTO, (1, 8)),
        (1.5, 1, AUTO, (1, 2)),
        (8, 3, AUTO, (3, 3)),
        (2, 4, AUTO, (4, 1)),
    ],
)
def test_all_processes_together_run_as_many_tasks_as_there_are_cpus(
    cpus: float, processes: int | str, concurrency: int | str, fitting: tuple[int, int]
) -> None:
    given = {"processes": processes, "concurrency": concurrency, "queues": ()}
    made, sentence = fit_to_cpus(given, lambda: UsableCpus(number=cpus, reason="they are there"))

    assert (made["processes"], made["concurrency"]) == fitting
    assert made["queues"] == ()
    assert sentence is not None
    assert sentence.endswith("they are there")


def test_without_auto_nothing_is_looked_up() -> None:
    given = {"processes": 2, "concurrency": 16}

    assert fit_to_cpus(given, lambda: pytest.fail("the CPUs are counted")) == (given, None)


def test_the_sentence_names_the_numbers_and_the_options() -> None:
    given = {"processes": AUTO, "concurrency": AUTO}
    cpus = UsableCpus(number=1.5, reason="the quota in /sys/fs/cgroup is 1.5 of 8 CPUs")

    assert fit_to_cpus(given, lambda: cpus)[1] == (
        "2 worker processes with 1 task at once, by --processes auto and --concurrency auto:"
        " the quota in /sys/fs/cgroup is 1.5 of 8 CPUs"
    )


def test_a_worker_logs_what_auto_stands_for(tmp_path: Path, url: str) -> None:
    write_application(tmp_path)
    worker = run_process("worker", "shop:app", "--burst", "--concurrency", "auto", cwd=tmp_path, REDISCHED_URL=url)

    assert worker.returncode == 0, worker.stderr
    assert "at once, by --concurrency auto: " in worker.stderr
