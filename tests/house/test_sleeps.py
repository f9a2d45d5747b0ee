"""No test sleeps: it waits for a signal, or with `wait_until` for a condition that has a description."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.checkout import files, name_of

THE_ONE_THAT_POLLS = "tests/waiting.py"


def sleeps(source: str) -> Iterator[int]:
    """The lines that sleep. `asyncio.sleep(0)` does not count: it only lets other tasks run."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _last_name(node.func) == "sleep":
            first = node.args[0] if node.args else None
            if not (isinstance(first, ast.Constant) and first.value == 0):
                yield node.lineno


def _last_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_no_test_sleeps() -> None:
    tests = [path for path in files(".py") if name_of(path).startswith("tests/")]

    assert [name_of(path) for path in tests if any(sleeps(path.read_text()))] == [THE_ONE_THAT_POLLS]


@pytest.mark.parametrize(
    "statement", ["time.sleep(0.1)", "sleep(pause_s)", "await asyncio.sleep(1)", "await asyncio.sleep(delay=0.1)"]
)
def test_a_sleep_is_noticed(statement: str) -> None:
    assert list(sleeps(f"async def test() -> None:\n    await asyncio.sleep(0)\n    {statement}\n")) == [3]
