"""When `.ci/run` skips the tests of bench and docs: only if it is certain that no file which they test has changed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

SCRIPT = ROOT / ".ci" / "changed.py"
IDENTITY = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")

Change = Callable[[str], None]


def git(folder: Path, *words: str) -> None:
    subprocess.run(("git", *IDENTITY, *words), cwd=folder, check=True, capture_output=True)


def have_to_run(folder: Path) -> bool:
    ended = subprocess.run((sys.executable, str(SCRIPT)), cwd=folder, check=False, capture_output=True, text=True)
    assert ended.stderr == ""
    assert ended.returncode in (0, 1)
    return ended.returncode == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A branch from the main branch with only an empty commit of its own."""
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "the first")
    git(tmp_path, "switch", "-q", "-c", "branch")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "the second")
    return tmp_path


def write(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("changed")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("redisched/bench/scale.py", True),
        ("redisched/engine/worker.py", True),
        ("scripts/claim.lua", True),
        ("docs/performance.md", True),
        ("tests/bench/test_measure.py", True),
        ("tests/docs/test_page.py", True),
        ("pyproject.toml", True),
        ("zensical.toml", True),
        ("redisched/doctor/__init__.py", False),
        ("tests/lua/test_ack.py", False),
        ("README.md", False),
    ],
)
@pytest.mark.parametrize("is_committed", [True, False])
def test_the_tests_run_if_a_file_that_they_test_has_changed(
    folder: Path, name: str, expected: bool, is_committed: bool
) -> None:
    write(folder, name)
    if is_committed:
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "a change")

    assert have_to_run(folder) is expected


def test_one_such_change_among_others_is_enough(folder: Path) -> None:
    for name in ("README.md", "scripts/claim.lua", "tests/lua/test_ack.py"):
        write(folder, name)

    assert have_to_run(folder)


def test_the_tests_run_on_the_main_branch(folder: Path) -> None:
    git(folder, "switch", "-q", "main")

    assert have_to_run(folder)


def test_the_tests_run_without_a_main_branch(folder: Path) -> None:
    git(folder, "branch", "-q", "-D", "main")

    assert have_to_run(folder)


def test_the_tests_run_outside_of_a_checkout(tmp_path: Path) -> None:
    assert have_to_run(tmp_path)
