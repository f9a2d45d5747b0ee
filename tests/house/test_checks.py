"""`make check`, the hooks before a commit and `.ci/run` make the same checks, and the programs that they call exist."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from redisched.cli.main import COMMANDS
from tests.house.checkout import ROOT

_TOOLS = ("ruff", "mypy", "lint-imports")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def ci_checks(script: str) -> list[str]:
    """The checks in `.ci/run`, in their order: the steps that call only a tool of the environment."""
    return re.findall(rf'^step "[^"]+" (\.venv/bin/(?:{"|".join(_TOOLS)})\b.*)$', script, re.MULTILINE)


def targets(makefile: str) -> dict[str, list[str]]:
    """The commands of each target."""
    rules = re.findall(r"^([a-z]+):\n((?:\t.+\n)+)", makefile, re.MULTILINE)
    return {target: [line.strip() for line in commands.splitlines()] for target, commands in rules}


def hooks(configuration: str) -> list[str]:
    """The commands of the hooks."""
    return re.findall(r"^ +entry: (.+)$", configuration, re.MULTILINE)


def test_make_and_the_hooks_make_the_same_checks_as_ci() -> None:
    checks = ci_checks(read(".ci/run"))

    assert len(checks) == len(_TOOLS) + 1
    assert targets(read("Makefile"))["check"] == checks
    assert hooks(read(".pre-commit-config.yaml")) == checks


def test_a_check_that_is_not_everywhere_is_noticed() -> None:
    more = 'step "mypy" .venv/bin/mypy --strict\nstep "pytest" run_tests -m "not fault"\n'

    assert ci_checks(more) == [".venv/bin/mypy --strict"]
    assert targets("check:\n\t.venv/bin/mypy\n\ntest:\n\tpytest\n") == {"check": [".venv/bin/mypy"], "test": ["pytest"]}
    assert hooks("      - id: one\n        entry: .venv/bin/ruff check\n") == [".venv/bin/ruff check"]


def test_every_target_calls_installed_programs() -> None:
    makefile = read("Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    commands = [command.split() for of_one in targets(makefile).values() for command in of_one]

    assert targets(makefile).keys() == set(phony.split()) == {"check", "test", "nightly", "bench", "docs"}
    for program, *words in commands:
        folder, _, name = program.rpartition("/")
        assert folder == ".venv/bin"
        assert Path(sys.executable).with_name(name).exists(), program
        if name == "redisched":
            assert words[0] in COMMANDS


def test_a_hook_needs_no_network_and_no_list_of_files() -> None:
    configuration = read(".pre-commit-config.yaml")

    assert re.findall(r"^ +- repo: (.+)$", configuration, re.MULTILINE) == ["local"]
    for setting in ("language: system", "pass_filenames: false"):
        assert configuration.count(setting) == len(hooks(configuration))


def test_the_workflow_calls_ci_on_the_oldest_and_the_newest_python() -> None:
    workflow = read(".github/workflows/ci.yml")
    oldest = tomllib.loads(read("pyproject.toml"))["project"]["requires-python"].removeprefix(">=")
    (tried,) = re.findall(r"^ +for version in ([\d. ]+); do$", read(".ci/run"), re.MULTILINE)
    (pythons,) = re.findall(r"^ +python: \[(.+)\]$", workflow, re.MULTILINE)

    assert re.findall(r"\d+\.\d+", pythons) == [oldest, tried.split()[0]]
    assert re.findall(r"^ +(?:- )?run: (.+)$", workflow, re.MULTILINE) == [".ci/run"]
    assert "python-version: ${{ matrix.python }}" in workflow


def test_the_script_of_ci_can_be_executed() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    finished = subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_editors_and_ruff_have_the_same_line_length() -> None:
    length = tomllib.loads(read("pyproject.toml"))["tool"]["ruff"]["line-length"]

    assert f"max_line_length = {length}\n" in read(".editorconfig")
