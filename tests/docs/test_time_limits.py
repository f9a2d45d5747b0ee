"""The guide to time limits is true: its program prints the shown output, and its handlers do what it says."""

import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched import TaskState
from redisched.chaos import Server, work_off
from tests.cli.commands import environment

pytestmark = pytest.mark.measured

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "time-limits.md").read_text(encoding="utf-8")
PROGRAM, TIDYING_UP, MORE_TIME = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
(PRINTED,) = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as server:
        monkeypatch.setenv("REDISCHED_URL", server.url)
        yield server


def test_the_program_prints_what_the_guide_says(server: Server, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(PROGRAM)
    here = environment(REDISCHED_URL=server.url)
    worker = subprocess.Popen(
        (sys.executable, "-m", "redisched", "worker", "shop:app"),
        cwd=tmp_path,
        env=here,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        program = subprocess.run(
            (sys.executable, "shop.py"), cwd=tmp_path, env=here, capture_output=True, check=False, text=True, timeout=90
        )
    finally:
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=60)
    assert program.stdout == PRINTED, program.stderr + log
    assert worker.returncode == 0, log


def test_the_handler_of_the_guide_cleans_up(server: Server, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(TIDYING_UP)
    names = runpy.run_path(str(tmp_path / "shop.py"), run_name="shop")
    unfinished = tmp_path / "unfinished"
    task = names["export"].enqueue(str(unfinished))
    work_off(names["app"])

    assert task.status() is TaskState.DEAD
    assert not unfinished.exists()


def test_the_handler_of_the_guide_has_more_time_if_it_asks_for_it(server: Server, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(MORE_TIME)
    names = runpy.run_path(str(tmp_path / "shop.py"), run_name="shop")
    tasks = [names["pack"].enqueue(boxes) for boxes in (12, 3)]
    work_off(names["app"])

    results = re.findall(r"`(\d+ boxes, \d+ full minutes left)`", GUIDE)
    assert [task.result(timeout=20) for task in tasks] == results
