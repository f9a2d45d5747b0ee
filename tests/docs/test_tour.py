"""The tour is true: each of its programs prints what stands below it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from redisched.chaos import Server
from tests.cli.commands import environment
from tests.waiting import wait_until

pytestmark = pytest.mark.measured

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
NAMES = ("heap", "pull", "shop", "fleet", "million")
PROGRAMS = dict(zip(NAMES, re.findall(r"```python\n(.*?)```", TOUR, re.DOTALL), strict=True))
PRINTED = dict(zip(PROGRAMS, re.findall(r"```text\n(.*?)```", TOUR, re.DOTALL), strict=True))
WORKER = ("worker", "shop:app", "--embedded")
FEWER = 20_000


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Server() as server:
        yield server.url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, program in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(program)
    return tmp_path


def run(name: str, folder: Path, url: str, *arguments: str) -> str:
    finished = subprocess.run(
        (sys.executable, f"{name}.py", *arguments),
        cwd=folder,
        env=environment(REDISCHED_URL=url),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    return finished.stdout


@contextmanager
def worker(folder: Path, url: str, processes: int) -> Iterator[None]:
    command = (sys.executable, "-m", "redisched", *WORKER, "--processes", str(processes))
    running = subprocess.Popen(command, cwd=folder, env=environment(REDISCHED_URL=url))
    try:
        yield
    finally:
        running.terminate()
        wait_until(lambda: running.poll() is not None, "the worker has stopped", 30)


def test_the_programs_have_their_names_in_the_order_of_the_text() -> None:
    places = [TOUR.index(f"`{name}.py`") for name in NAMES]

    assert places == sorted(places)
    assert f"`redisched {' '.join(WORKER)}`" in TOUR


@pytest.mark.parametrize("name", ["heap", "pull"])
def test_a_program_without_a_worker_prints_what_the_tour_says(name: str, folder: Path, url: str) -> None:
    assert run(name, folder, url) == PRINTED[name]


def test_programs_beside_a_worker_print_what_the_tour_says(folder: Path, url: str) -> None:
    with worker(folder, url, processes=4):
        for name in ("shop", "fleet"):
            assert run(name, folder, url) == PRINTED[name]
        assert run("million", folder, url, str(FEWER)) == PRINTED["million"].replace("1,000,000", f"{FEWER:,}")


def test_the_figures_are_those_of_the_page_of_performance() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    (seconds,) = re.findall(r"enqueue and drain 1,000,000 \| (\d+)", page)
    (memory,) = re.findall(r"the most memory of a worker \| ([\d.]+) MB \| once", page)

    assert f"a million done {seconds} s after the first was enqueued" in TOUR
    assert f"no process ever had more than {round(float(memory))} MB" in TOUR
