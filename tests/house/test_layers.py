"""Imports go in one direction only, and each contract about them notices a wrong one."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, files, name_of

LAYERS = "Imports run one way, from the faces down to the ground"
PRODUCERS = "Producers know the parts of a worker by way of pulling alone"
CYCLES = "No package has a cycle among its modules"
PURE = "The ground floor does no I/O, starts no threads and reads no environment"
TIME = "Time and chance are handed in"
WINDOW = "The window has no clock, no threads and no I/O"
CLAIMING = "Claiming runs one way, from the wake listeners down to a numbered claim"
LISTENERS = "Wake listeners only wait: where tasks go, the claimer knows"
KIT = "The kit for tests of handlers needs the library alone"
APART = "The library knows nothing of what is deployed or of its tests"


def broken_contracts(checkout: Path) -> set[str]:
    """The names of the contracts that a checkout breaks."""
    command = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run([command, "--no-cache"], cwd=checkout, capture_output=True, text=True, check=False)
    assert "Contracts: " in finished.stdout, finished.stdout + finished.stderr
    return {line.removesuffix(" BROKEN") for line in finished.stdout.splitlines() if line.endswith(" BROKEN")}


def root_imports(source: str) -> Iterator[int]:
    """The lines that import the package root or a name from it, at run time or for types."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(alias.name == "redisched" for alias in node.names):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "redisched":
            yield node.lineno


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the library, into which tests put wrong imports."""
    shutil.copytree(ROOT / "redisched", tmp_path / "redisched", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_library_keeps_every_contract() -> None:
    assert broken_contracts(ROOT) == set()


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("store/spoilt.py", "import redisched.engine.window", LAYERS),
        ("store/spoilt.py", "import redisched.embedded", LAYERS),
        ("newcomer.py", "", LAYERS),
        ("cli/spoilt.py", "import redisched.testing", LAYERS),
        ("client/spoilt.py", "import redisched.testing.failures", LAYERS),
        ("engine/spoilt.py", "import redisched.pulling.puller", LAYERS),
        ("client/spoilt.py", "import redisched.engine.window", PRODUCERS),
        ("testing/spoilt.py", "import redisched.chaos", KIT),
        ("keys.py", "import redisched.model", LAYERS),
        ("errors.py", "import socket", PURE),
        ("engine/window.py", "import threading", WINDOW),
        ("engine/claiming/turns.py", "import redisched.engine.claiming.claimer", CLAIMING),
        ("engine/claiming/wake_listener.py", "import redisched.engine.settler", LISTENERS),
        ("codec.py", "import redis", PURE),
        ("backoff.py", "from random import random", TIME),
        ("store/store.py", "import worker.settings", APART),
    ],
)
def test_a_wrong_import_is_noticed(copy: Path, module: str, statement: str, contract: str) -> None:
    with (copy / "redisched" / module).open("a") as file:
        file.write(f"\n{statement}\n")

    assert contract in broken_contracts(copy)


def test_a_cycle_is_noticed(copy: Path) -> None:
    (copy / "redisched/store/one.py").write_text("import redisched.store.two\n")
    (copy / "redisched/store/two.py").write_text("import redisched.store.one\n")

    assert CYCLES in broken_contracts(copy)


def test_the_package_root_is_never_imported_from_inside() -> None:
    inside = [path for path in files(".py") if name_of(path).startswith("redisched/")]

    assert [name_of(path) for path in inside if any(root_imports(path.read_text()))] == []


@pytest.mark.parametrize("statement", ["import redisched", "from redisched import Scheduler", "import os, redisched"])
def test_an_import_of_the_package_root_is_noticed(statement: str) -> None:
    assert list(root_imports(f"from redisched.errors import Conflict\n{statement}\n")) == [2]
