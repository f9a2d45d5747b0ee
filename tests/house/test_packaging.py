"""Each distribution contains the needed files, and nothing else."""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, SCRIPTS


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Builds one kind of distribution, without a network."""

    def built(target: str) -> Path:
        folder = tmp_path_factory.mktemp("built")
        command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        (distribution,) = folder.iterdir()
        return distribution

    return built


def below(folder: Path, suffix: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob(f"*{suffix}")}


def files_of_page() -> set[str]:
    found = (ROOT / "redisched" / "web" / "page").rglob("*")
    return {path.relative_to(ROOT).as_posix() for path in found if path.is_file()}


def test_the_wheel_contains_only_the_library_and_its_scripts(build: Callable[[str], Path]) -> None:
    with zipfile.ZipFile(build("wheel")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    library = {f"redisched/{name}" for name in below(ROOT / "redisched", ".py")}
    assert names >= library | {"redisched/py.typed"}
    assert {name for name in names if name.endswith(".lua")} == {
        f"redisched/_lua/{name}" for name in below(SCRIPTS, ".lua")
    }
    page = files_of_page()
    assert names >= page >= {"redisched/web/page/index.html", "redisched/web/page/vendor/uplot.LICENSE"}
    assert [name for name in names if not name.startswith("redisched/")] == []
    assert [name for name in names if name.startswith("redisched/_lua/") and not name.endswith(".lua")] == []


def test_an_editable_install_copies_nothing(build: Callable[[str], Path]) -> None:
    with zipfile.ZipFile(build("wheel:editable")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert names == {"_redisched.pth"}


def test_the_wheel_installs_the_command(build: Callable[[str], Path]) -> None:
    with zipfile.ZipFile(build("wheel")) as wheel:
        (entry_points,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
        commands = wheel.read(entry_points).decode()

    assert "redisched = redisched.cli.main:main" in commands


def test_the_source_distribution_contains_all_that_tests_and_builds_need(build: Callable[[str], Path]) -> None:
    with tarfile.open(build("sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert names >= {f"scripts/{name}" for name in below(SCRIPTS, ".lua")}
    assert names >= {f"tests/{name}" for name in below(ROOT / "tests", ".py")}
    assert names >= {f"tests/{name}" for name in below(ROOT / "tests", ".xz")}
    assert names >= {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile"}
    assert "redisched/py.typed" in names
    assert [name for name in names if name.startswith(".") and name != ".gitignore"] == []
