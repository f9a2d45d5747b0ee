"""--watch reads again and again until it is interrupted, also while Redis does not answer."""

import json
from collections.abc import Callable

import click
import pytest

from redisched.cli.refreshing import show_reading
from redisched.errors import BrokerUnavailable
from tests.cli.commands import CommandLine


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens in each pause between two readings; after the last of them the user presses Ctrl-C."""
    steps: list[Callable[[], object]] = []

    def pause(_seconds: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr("redisched.cli.refreshing.sleep", pause)
    return steps


@pytest.mark.parametrize("words", [("task", "ls"), ("task", "ls", "state:ready")])
def test_a_listing_is_read_again(
    command: CommandLine, pauses: list[Callable[[], object]], words: tuple[str, ...]
) -> None:
    command.output("enqueue", "add", "--id", "one")
    pauses.append(lambda: command.output("enqueue", "add", "--id", "two"))

    result = command.run(*words, "--watch")

    assert result.exit_code == 130
    shown = [line.split("\t")[0] for line in result.stdout.splitlines()]
    assert shown == ["id", "one", "id", "one", "two"]


def test_json_has_a_line_for_each_reading(command: CommandLine, pauses: list[Callable[[], object]]) -> None:
    command.output("enqueue", "add", "--id", "one")
    pauses.append(lambda: command.output("task", "cancel", "one"))

    lines = command.run("task", "ls", "--watch", "--json").stdout.splitlines()

    assert [[task["id"] for task in json.loads(line)] for line in lines] == [["one"], []]
    for words in (("dead", "ls"), ("workers", "ls"), ("schedule", "ls")):
        (line,) = command.run(*words, "--watch", "--json").stdout.splitlines()
        assert json.loads(line) == []
    (line,) = command.run("dead", "groups", "--watch", "--json").stdout.splitlines()
    assert json.loads(line)["groups"] == []
    (line,) = command.run("stats", "--watch", "--json").stdout.splitlines()
    assert json.loads(line)["rows"] == []


def test_queues_are_counted_again(command: CommandLine, pauses: list[Callable[[], object]]) -> None:
    command.output("enqueue", "add")
    pauses.append(lambda: command.output("enqueue", "add"))

    for form in ((), ("--shards",)):
        lines = command.run("queue", "ls", "--watch", "--json", *form).stdout.splitlines()
        assert [counts["ready"] for line in lines for counts in json.loads(line)][-1] == 2
    assert [line.split("\t")[:2] for line in command.run("queue", "ls", "--watch").stdout.splitlines()] == [
        ["queue", "ready"],
        ["default", "2"],
    ]


def test_an_outage_is_told_and_reading_goes_on(
    pauses: list[Callable[[], object]], capsys: pytest.CaptureFixture[str]
) -> None:
    readings: list[int | BrokerUnavailable] = [BrokerUnavailable("it restarts", 1.0), 5]
    pauses.append(lambda: None)

    def read() -> int:
        reading = readings.pop(0)
        if isinstance(reading, BrokerUnavailable):
            raise reading
        return reading

    shown: list[int] = []
    with pytest.raises(click.exceptions.Exit) as ended:
        show_reading(read, shown.append, True)

    assert (shown, ended.value.exit_code) == ([5], 130)
    assert "it restarts" in capsys.readouterr().err
