"""`redisched task reprioritize | reschedule | run-now` change tasks that wait."""

from typing import Any

import pytest

from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


@pytest.fixture
def one(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "one", "--queue", "mail", "--delay", "1h", "--expires", "2h")


def shown(command: CommandLine) -> Any:
    return command.record("task", "show", "one")


@pytest.mark.usefixtures("one")
def test_a_task_gets_another_priority(command: CommandLine) -> None:
    assert command.output("task", "reprioritize", "--priority", "critical", "one") == "1 changed.\n"
    assert shown(command)["priority"] == 0


@pytest.mark.usefixtures("one")
def test_a_task_gets_another_time(command: CommandLine) -> None:
    assert command.record("task", "reschedule", "--delay", "30m", "one") == [
        {"id": "one", "queue": "mail", "outcome": "changed"}
    ]
    assert shown(command)["run_at_ms"] - shown(command)["now_ms"] <= 1_800_000

    command.output("task", "run-now", "--queue", "mail", "--yes")
    assert shown(command)["state"] == "ready"


@pytest.mark.usefixtures("one")
def test_a_task_that_is_not_changed_is_an_error_that_says_why(command: CommandLine) -> None:
    result = command.run("task", "reschedule", "--run-at", "2100-01-01T00:00:00Z", "one")

    assert (result.exit_code, result.stdout) == (1, "No task was changed.\n")
    assert "it expires before that time" in result.stderr


def test_a_leased_task_is_not_changed(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.claim()

    result = command.run("task", "run-now", "one")

    assert result.exit_code == 1
    assert "a worker has it already" in result.stderr


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize("words", [("reprioritize", "--priority", "3"), ("reschedule", "--delay", "5m"), ("run-now",)])
def test_a_filter_alone_only_says_how_many_tasks_match(command: CommandLine, words: tuple[str, ...]) -> None:
    before = shown(command)["run_at_ms"], shown(command)["priority"]

    result = command.run("task", *words, "--name", "add")

    assert result.exit_code == 1
    assert result.stdout == f"1 task to {words[0].replace('-', ' ')}: 1 scheduled.\n"
    assert (shown(command)["run_at_ms"], shown(command)["priority"]) == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("reprioritize", "one"), "--priority"),
        (("reprioritize", "--priority", "300", "one"), "from 0 to 255"),
        (("reschedule", "one"), "one of --delay and --run-at"),
        (("reschedule", "--delay", "1s", "--run-at", "1", "one"), "one of --delay and --run-at"),
        (("run-now",), "give the ids of tasks, or a filter"),
        (("run-now", "--state", "running", "--yes"), "one of ready, retrying, scheduled"),
    ],
)
def test_bad_usage_is_refused(command: CommandLine, words: tuple[str, ...], complaint: str) -> None:
    result = command.run("task", *words)

    assert result.exit_code == 2
    assert complaint in result.stderr
