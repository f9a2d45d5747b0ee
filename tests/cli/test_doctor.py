"""`redisched doctor` reports dangers to tasks, and its exit code says whether there are any."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, run, run_on_terminal
from tests.cli.workshop import Workshop


def test_the_embedded_server_has_no_danger(project: Path) -> None:
    assert run("enqueue", "add").exit_code == 0
    result = run("doctor")

    assert result.exit_code == 0, result.output
    assert "danger" not in result.stdout
    assert "ok       eviction" in result.stdout


def test_a_server_without_persistence_is_a_danger(command: CommandLine) -> None:
    result = command.run("doctor")

    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("danger")]
    assert "Nothing is written to disk" in line


def test_json_shows_every_finding(command: CommandLine) -> None:
    result = command.run("doctor", "--json")
    findings = json.loads(result.stdout)

    assert result.exit_code == 1
    assert all(finding.keys() == {"check", "level", "sentence"} for finding in findings)
    assert {finding["level"] for finding in findings if finding["check"] == "persistence"} == {"danger"}


def test_the_level_of_a_finding_is_coloured_on_a_terminal_with_colours(url: str) -> None:
    assert "\x1b[31mdanger" in run_on_terminal("doctor", "--url", url, TERM="xterm", NO_COLOR="")


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}], ids=["dumb", "NO_COLOR"])
def test_colours_can_be_switched_off(url: str, variables: dict[str, str]) -> None:
    printed = run_on_terminal("doctor", "--url", url, **variables)

    assert "danger" in printed
    assert "\x1b" not in printed


def test_control_characters_in_a_name_are_escaped(command: CommandLine, workshop: Workshop) -> None:
    workshop.perform("SADD", "redisched:queues", b"\x1b[31mred")
    workshop.perform("SET", b"redisched:{\x1b[31mred}:waiting", "something else")

    result = command.run("doctor")

    assert "\x1b" not in result.stdout
    assert "[31mred}:waiting is a string" in result.stdout


def test_a_missing_server_is_one_line() -> None:
    result = run("doctor", "--url", "redis://127.0.0.1:1")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "unavailable" in result.stderr
