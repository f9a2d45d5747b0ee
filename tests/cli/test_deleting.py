"""`redisched task delete` and `queue purge`: the count first, then the deed, and what workers have stays."""

import click
import pytest

from redisched.cli.acting_progress import showing_progress
from redisched.client.deleting import Delete
from redisched.store.deleting import delete_tasks
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


@pytest.fixture
def tasks(command: CommandLine, workshop: Workshop) -> None:
    for id in ("dead", "leased"):
        command.output("enqueue", "add", "--id", id)
    workshop.bury(workshop.claim())
    workshop.claim()
    command.output("enqueue", "add", "--id", "ready")
    command.output("enqueue", "other", "--id", "scheduled", "--delay", "1h")


def ids(command: CommandLine) -> set[str]:
    return {row[0] for row in command.rows("task", "ls", "--state", "ready", "--state", "scheduled", "--state", "dead")}


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize("words", [("task", "delete", "--queue", "default"), ("queue", "purge", "default")])
def test_without_yes_only_the_count_is_said(command: CommandLine, words: tuple[str, ...]) -> None:
    result = command.run(*words)

    assert result.exit_code == 1
    assert result.stdout == "3 tasks to delete: 1 ready, 1 scheduled, 1 dead.\n"
    assert result.stderr.splitlines() == [
        "1 task that workers have will stay.",
        "Nothing was changed. To act, repeat the command with --yes.",
    ]
    assert command.run(*words, "--dry-run", "--yes").exit_code == 0
    assert ids(command) == {"ready", "scheduled", "dead"}


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    ("words", "left"),
    [
        (("queue", "purge", "default"), set()),
        (("queue", "purge", "default", "--state", "dead"), {"ready", "scheduled"}),
        (("task", "delete", "--name", "add", "--queue", "default"), {"scheduled"}),
        (("task", "delete", "--state", "scheduled"), {"ready", "dead"}),
    ],
)
def test_with_yes_the_tasks_are_gone(command: CommandLine, words: tuple[str, ...], left: set[str]) -> None:
    assert f"{3 - len(left)} deleted.\n" == command.output(*words, "--yes")

    assert ids(command) == left
    assert command.record("task", "show", "leased")["state"] == "leased"


@pytest.mark.usefixtures("tasks")
def test_ids_are_deleted_at_once(command: CommandLine) -> None:
    result = command.run("task", "delete", "ready", "leased", "nosuch")

    assert (result.exit_code, result.stdout) == (1, "1 deleted.\n")
    assert "'leased' is not changed, as a worker has it already" in result.stderr
    assert "'nosuch' is unknown" in result.stderr
    assert command.record("queue", "purge", "default", "--yes", "--state", "dead") == [
        {"id": "dead", "queue": "default", "outcome": "deleted"}
    ]


def test_an_unknown_queue_and_a_state_of_workers_are_refused(command: CommandLine) -> None:
    assert "there is no queue 'mial'" in command.run("queue", "purge", "mial").stderr
    assert command.run("queue", "purge", "default", "--state", "running").exit_code == 2
    assert command.run("task", "delete", "--state", "running", "--yes").exit_code == 2
    assert command.run("task", "delete").exit_code == 2


@pytest.mark.usefixtures("tasks")
def test_a_task_that_is_leased_meanwhile_is_counted(
    command: CommandLine, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete_late(*args: object) -> object:
        workshop.claim()
        monkeypatch.setattr("redisched.client.deleting.delete_tasks", delete_tasks)
        return delete_tasks(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("redisched.client.deleting.delete_tasks", delete_late)

    assert command.output("queue", "purge", "default", "--yes") == "2 deleted.\nNot changed: 1 leased.\n"


def test_an_interruption_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        with showing_progress(Delete()) as counting:
            counting.given = 300
            raise KeyboardInterrupt

    with pytest.raises(click.exceptions.Exit) as ended:
        interrupt()

    assert ended.value.exit_code == 130
    assert "Interrupted after 300 tasks. The same command goes on with the others." in capsys.readouterr().err
