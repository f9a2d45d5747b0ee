"""Small files, small functions: code that does not fit on a page is split into named parts."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.checkout import files, name_of
from tests.house.lua_bytecode import compile_lua
from tests.house.lua_script import blank_shebang

FILE_LINES = 300
FUNCTION_LINES = 50

EXCEPTIONS: dict[str, str] = {}
"""`path` or `path:function` -> the reason why it may be longer."""


def long_files(paths: Iterator[Path]) -> Iterator[str]:
    """The names of the files that are too long."""
    for path in paths:
        if len(path.read_text().splitlines()) > FILE_LINES:
            yield name_of(path)


def python_functions(source: str) -> Iterator[tuple[str, int]]:
    """Every function's name and its length in lines, from its first decorator to its end."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - first + 1


def lua_functions(source: str) -> Iterator[tuple[str, int]]:
    """The place and the length in lines of every function; the body of a script counts by the limit for files."""
    for function in compile_lua(blank_shebang(source)).functions:
        yield f"line {function.first_line}", function.last_line - function.first_line + 1


@cache
def long_functions() -> frozenset[str]:
    """The names of the functions that are too long. To read every file takes seconds."""
    return frozenset(
        f"{name_of(path)}:{function}"
        for suffix, functions in ((".py", python_functions), (".lua", lua_functions))
        for path in files(suffix)
        for function, lines in functions(path.read_text())
        if lines > FUNCTION_LINES
    )


def test_no_file_is_too_long() -> None:
    assert set(long_files(files(".py"))) | set(long_files(files(".lua"))) <= EXCEPTIONS.keys()


def test_no_function_is_too_long() -> None:
    assert long_functions() <= EXCEPTIONS.keys()


def test_every_exception_is_still_needed_and_has_a_reason() -> None:
    long = {*long_files(files(".py")), *long_files(files(".lua")), *long_functions()}

    assert EXCEPTIONS.keys() <= long
    assert all(EXCEPTIONS.values())


def test_every_folder_of_code_is_checked() -> None:
    looked_at = {name_of(path).split("/")[0] for suffix in (".py", ".lua") for path in files(suffix)}

    assert looked_at >= {"redisched", "scripts", "tests"}


def test_a_decorator_counts_as_part_of_its_function() -> None:
    source = "@first(\n    1,\n)\n@second\nasync def handler():\n    return 1\n"

    assert list(python_functions(source)) == [("handler", 6)]


def test_a_method_and_a_function_within_a_function_are_measured() -> None:
    source = "class A:\n    def outer(self):\n        def inner():\n            pass\n"

    assert sorted(python_functions(source)) == [("inner", 2), ("outer", 3)]


@pytest.mark.parametrize("head", ["", "#!lua flags=allow-oom\n"])
def test_a_lua_function_is_measured(head: str) -> None:
    source = head + "local function f()\n  if true then\n    return 1\n  end\nend\nreturn f()\n"

    assert [lines for _, lines in lua_functions(source)] == [5]


def test_a_file_over_the_limit_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.house.checkout.ROOT", tmp_path)
    (tmp_path / "long.py").write_text("x = 1\n" * (FILE_LINES + 1))
    (tmp_path / "short.py").write_text("x = 1\n" * FILE_LINES)

    assert list(long_files(iter(sorted(tmp_path.iterdir())))) == ["long.py"]
