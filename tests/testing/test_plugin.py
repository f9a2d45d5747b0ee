"""The pytest plugin, in runs of pytest of its own."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

PLUGIN = "redisched.testing.plugin"
SHOP = """
from redisched import Scheduler

app = Scheduler("redis://127.0.0.1:1/0")

@app.task
def double(number: int) -> int:
    return 2 * number
"""
OWN_FIXTURE = """
import pytest, shop

@pytest.fixture
def redisched_app():
    return shop.app
"""
USED = """
import pytest
from shop import double

@pytest.mark.parametrize("number", [1, 2])
def test_it(redisched_worker, number):
    assert redisched_worker.run_until_idle() == 0
    double.enqueue(number)
    assert double.enqueue(number).result() == 2 * number
"""
UNUSED = """
import sys

def test_it():
    loaded = {name for name in sys.modules if name.partition(".")[0] in ("redisched", "redis", "msgpack")}
    assert loaded == {"redisched", "redisched.testing", "redisched.testing.plugin"}
"""


def run(folder: Path, test: str, setting: str = "") -> str:
    """Run pytest with a test in a folder; answers what it prints."""
    (folder / "shop.py").write_text(SHOP)
    (folder / "test_shop.py").write_text(test)
    (folder / "pytest.ini").write_text(f"[pytest]\n{setting}\n")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", PLUGIN, "test_shop.py")
    here = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}
    return subprocess.run(command, cwd=folder, env=here, capture_output=True, check=False, text=True).stdout


@pytest.mark.parametrize("fixture", ["", OWN_FIXTURE])
def test_each_test_has_an_empty_worker_of_the_application(tmp_path: Path, fixture: str) -> None:
    printed = run(tmp_path, fixture + USED, "" if fixture else "redisched_app = shop:app")

    assert "2 passed" in printed, printed


def test_tests_that_do_not_use_it_load_nothing(tmp_path: Path) -> None:
    printed = run(tmp_path, UNUSED)

    assert "1 passed" in printed, printed


def test_without_an_application_it_says_how_to_name_one(tmp_path: Path) -> None:
    printed = run(tmp_path, USED)

    assert 'redisched_app = "shop:app"' in printed


def test_pytest_finds_it_by_itself() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}
