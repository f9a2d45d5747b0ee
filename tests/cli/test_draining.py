"""`redisched queue drain` and `queue rm`."""

import pytest

from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.client.queue_verbs.LONGEST_PAUSE_S", 0.05)


def test_a_drained_queue_says_what_is_left(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add")
    workshop.bury(workshop.claim())
    assert command.output("queue", "drain", "default") == "default is drained. Left: 1 dead.\n"
    command.output("enqueue", "add", "--delay", "1h")

    result = command.run("queue", "drain", "default", "--timeout", "5s")

    assert (result.exit_code, result.stdout) == (0, "default is drained. Left: 1 scheduled, 1 dead.\n")
    assert "no worker serves queue default" in result.stderr
    record = command.record("queue", "drain", "default")
    assert (record["ready"], record["scheduled"], record["dead"]) == (0, 1, 1)


def test_a_queue_that_is_not_drained_in_time_is_an_error(command: CommandLine) -> None:
    command.output("enqueue", "add")

    result = command.run("queue", "drain", "default", "--timeout", "50ms")

    assert result.exit_code == 1
    assert "queue default is not drained after 0.05 s: 1 tasks are due, and workers have 0" in result.stderr
    assert "there is no queue 'mial'" in command.run("queue", "drain", "mial").stderr
    refused = command.run("queue", "drain", "default", "--timeout", "0s")
    assert (refused.exit_code, refused.stderr.startswith("Error: --timeout=0.0")) == (2, True)


def test_ctrl_c_is_no_failure_to_drain(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    command.output("enqueue", "add")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("redisched.cli.commands.draining._show", interrupt)

    result = command.run("queue", "drain", "default")

    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.endswith("\nInterrupted.\n")


def test_an_empty_queue_is_removed_with_its_results(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add")
    workshop.succeed(workshop.claim(), 3)

    result = command.run("queue", "rm", "default")

    assert (result.exit_code, result.stdout) == (1, "default is empty. To remove: the results of 1 task.\n")
    assert "repeat the command with --yes" in result.stderr
    assert command.record("queue", "rm", "default", "--dry-run") == {
        "queue": "default", "finished": 1, "removed": False,
    }  # fmt: skip
    assert command.output("queue", "rm", "default", "--yes") == "default is removed, with the results of 1 task.\n"
    assert command.record("queue", "ls") == []
    assert "there is no queue 'default'" in command.run("queue", "rm", "default", "--yes").stderr


def test_a_queue_with_tasks_is_not_removed(command: CommandLine) -> None:
    command.output("enqueue", "add")

    result = command.run("queue", "rm", "default", "--yes")

    assert result.exit_code == 1
    assert "queue default is not empty: 1 waiting, 0 leased and 0 dead tasks, or schedules" in result.stderr
    assert command.record("queue", "ls")[0]["ready"] == 1
