"""Help is fast: it loads no module that talks to Redis or draws tables."""

import re
import subprocess
import sys

import click
import pytest

from redisched.cli.main import COMMANDS, cli
from tests.cli.commands import CommandLine, environment, run

HEAVY = ("asyncio", "hiredis", "msgpack", "redis", "rich", "redisched.cli.commands", "redisched.client")


def test_help_loads_nothing_heavy() -> None:
    script = f"""
import sys
from redisched.cli.main import cli
cli(["--help"], standalone_mode=False)
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    finished = subprocess.run(
        (sys.executable, "-c", script), env=environment(), capture_output=True, text=True, check=True
    )

    assert finished.stdout.splitlines()[-1] == "loaded: []"


@pytest.mark.parametrize(
    "module", ["redisched", "redisched.cli.commands.worker", "redisched.engine.child", "redisched.cli.commands.task"]
)
def test_only_commands_that_draw_load_the_drawing_library(module: str) -> None:
    script = f"import sys, {module}; print([name for name in ('aiosmtpd', 'rich') if name in sys.modules])"
    finished = subprocess.run(
        (sys.executable, "-c", script), env=environment(), capture_output=True, text=True, check=True
    )

    assert finished.stdout.strip() == "[]"


def test_help_names_every_command() -> None:
    listing = run("--help").stdout

    assert all(f"  {name} " in listing for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_summary_that_help_gives(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert command.get_short_help_str(limit=1_000) == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = run(name, "--help")

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    def leaves(command: click.Command) -> list[click.Command]:
        if not isinstance(command, click.Group):
            return [command]
        return [leaf for inner in command.commands.values() for leaf in leaves(inner)]

    top = cli.get_command(click.Context(cli), name)

    assert top is not None
    assert [
        (leaf.name, parameter.name)
        for leaf in leaves(top)
        for parameter in leaf.params
        if isinstance(parameter, click.Option) and not parameter.help
    ] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summaries_of_a_group_are_whole_on_80_columns(name: str) -> None:
    listed = run(name, "--help").stdout.partition("Commands:")[2]

    assert "..." not in listed


@pytest.mark.parametrize("name", ["queue", "task", "dead", "workers", "schedule"])
def test_a_group_without_a_command_shows_its_help_as_bad_usage(name: str) -> None:
    result = run(name)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"Usage: redisched {name} ")
    assert "Error" not in result.stderr


def test_the_version_is_shown() -> None:
    assert run("--version").stdout.startswith("redisched 0.")


def test_an_unknown_command_is_bad_usage() -> None:
    result = run("nosuch")

    assert result.exit_code == 2
    assert "nosuch" in result.stderr


def test_help_names_every_key_of_the_json_of_a_task(command: CommandLine, dead: list[str]) -> None:
    record = command.record("task", "show", dead[0])
    described = run("task", "show", "--help").stdout

    keys = {key for value in (record, record["failure"], record["failures"][0]) for key in value}
    assert {key for key in keys if not re.search(rf"\b{key}\b", described.partition("JSON:")[2])} == set()


def test_help_names_every_key_of_the_json_of_what_was_done(command: CommandLine) -> None:
    total = command.record("stats")["total"]

    described = run("stats", "--help").stdout.partition("JSON:")[2]
    assert {key for key in total if not re.search(rf"\b{key}\b", described)} == set()


def test_only_a_worker_needs_to_be_told_to_use_the_embedded_server() -> None:
    assert "with --embedded, the embedded" in " ".join(run("worker", "--help").stdout.split())
    assert "--embedded" not in run("queue", "ls", "--help").stdout
