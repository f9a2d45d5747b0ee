"""Which tests `.ci/run` repeats: a few of those that kill processes, once, and no others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

SCRIPT = ROOT / ".ci" / "flaky.py"
FAILS_ONCE = """
from pathlib import Path

def test_it():
    seen = Path("seen")
    assert seen.exists() or seen.touch()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "chaos").mkdir(parents=True)
    (tmp_path / ".pytest_cache" / "v" / "cache").mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def repeat(folder: Path, *failed: str) -> subprocess.CompletedProcess[str]:
    """Repeat tests that failed, as `.ci/run` does."""
    (folder / ".pytest_cache/v/cache/lastfailed").write_text(json.dumps(dict.fromkeys(failed, True)))
    command = [sys.executable, str(SCRIPT), "tally"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_failed_test_that_kills_processes_is_repeated_and_named(folder: Path) -> None:
    (folder / "tests/chaos/test_once.py").write_text("def test_it():\n    pass\n")
    said = repeat(folder, "tests/chaos/test_once.py::test_it")

    assert said.returncode == 0, said.stdout + said.stderr
    assert "FLAKY tests/chaos/test_once.py::test_it" in said.stdout
    assert (folder / "tally").read_text() == "tests/chaos/test_once.py::test_it\n"


def test_a_test_that_fails_again_makes_the_run_fail(folder: Path) -> None:
    (folder / "tests/chaos/test_never.py").write_text("def test_it():\n    assert False\n")

    assert repeat(folder, "tests/chaos/test_never.py::test_it").returncode == 1


def test_a_failed_test_without_processes_is_not_repeated(folder: Path) -> None:
    (folder / "tests/test_once.py").write_text(FAILS_ONCE)
    said = repeat(folder, "tests/test_once.py::test_it")

    assert said.returncode == 1
    assert not (folder / "seen").exists()


@pytest.mark.parametrize(("before", "failed", "code"), [(0, 4, 1), (2, 2, 1), (2, 1, 0), (0, 0, 1)])
def test_at_most_three_tests_are_repeated_in_a_run(folder: Path, before: int, failed: int, code: int) -> None:
    (folder / "tally").write_text("".join(f"tests/chaos/test_before.py::test_{number}\n" for number in range(before)))
    (folder / "tests/chaos/test_now.py").write_text("".join(f"def test_{n}():\n    pass\n\n" for n in range(4)))
    said = repeat(folder, *(f"tests/chaos/test_now.py::test_{number}" for number in range(failed)))

    assert said.returncode == code, said.stdout + said.stderr
