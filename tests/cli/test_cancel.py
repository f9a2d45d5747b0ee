"""`redisched task cancel` cancels tasks by their ids or by a filter, and says beforehand how many there are."""

import json

import pytest

from redisched.client.scheduler import Scheduler
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


@pytest.fixture
def tasks(command: CommandLine) -> None:
    for id, queue in (("one", "mail"), ("two", "mail"), ("three", "default")):
        command.output("enqueue", "add", "--id", id, "--queue", queue)


def state_of(command: CommandLine, id: str) -> str:
    return str(command.record("task", "show", id)["state"])


@pytest.mark.usefixtures("tasks")
def test_waiting_tasks_are_cancelled_by_their_ids(command: CommandLine) -> None:
    assert command.record("task", "cancel", "one", "three") == [
        {"id": "one", "queue": "mail", "outcome": "cancelled"},
        {"id": "three", "queue": "default", "outcome": "cancelled"},
    ]
    assert [state_of(command, id) for id in ("one", "two", "three")] == ["cancelled", "ready", "cancelled"]
    assert command.output("task", "cancel", "two") == "1 cancelled.\n"


@pytest.mark.usefixtures("tasks")
def test_an_unknown_id_is_an_error_and_the_others_are_cancelled(command: CommandLine) -> None:
    result = command.run("task", "cancel", "nosuch", "one")

    assert (result.exit_code, result.stdout) == (1, "1 cancelled.\n")
    assert "'nosuch' is unknown" in result.stderr
    assert state_of(command, "one") == "cancelled"


@pytest.mark.usefixtures("tasks")
def test_a_dry_run_tells_of_an_unknown_id_beside_the_others(command: CommandLine) -> None:
    looked = command.run("task", "cancel", "nosuch", "one", "--dry-run")
    record = command.run("task", "cancel", "nosuch", "one", "--dry-run", "--json")

    assert (looked.exit_code, looked.stdout) == (1, "1 task to cancel: 1 ready.\n")
    assert "task 'nosuch' is unknown" in looked.stderr
    assert record.exit_code == 1
    assert sorted(json.loads(record.stdout), key=lambda one: one["id"]) == [
        {"id": "nosuch", "queue": None, "state": "unknown"},
        {"id": "one", "queue": "mail", "state": "ready"},
    ]


def test_the_worker_of_a_leased_task_is_asked_to_stop_it(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.claim()

    assert "asked to stop" in command.output("task", "cancel", "one")
    assert "cancellation asked for" in command.output("task", "show", "one")


def test_an_ended_task_cannot_be_cancelled(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "one")
    workshop.succeed(workshop.claim(), 3)

    result = command.run("task", "cancel", "one")

    assert result.exit_code == 1
    assert "already ended" in result.stderr


@pytest.mark.usefixtures("tasks")
def test_a_filter_alone_only_says_how_many_tasks_match(command: CommandLine) -> None:
    result = command.run("task", "cancel", "--queue", "mail")

    assert (result.exit_code, result.stdout) == (1, "2 tasks to cancel: 2 ready.\n")
    assert "repeat the command with --yes" in result.stderr
    assert command.output("task", "cancel", "--queue", "mail", "--dry-run", "--yes") == result.stdout
    assert command.record("task", "cancel", "one", "--dry-run") == [{"id": "one", "queue": "mail", "state": "ready"}]
    assert state_of(command, "one") == "ready"


@pytest.mark.usefixtures("tasks")
@pytest.mark.parametrize(
    ("given", "cancelled"),
    [
        (("--queue", "mail"), {"one", "two"}),
        (("--name", "add"), {"one", "two", "three"}),
        (("--name", "other"), set()),
        (("--state", "ready", "--state", "scheduled", "--queue", "default"), {"three"}),
        (("--error", "boom"), set()),
    ],
)
def test_a_filter_with_yes_cancels_what_matches(
    command: CommandLine, given: tuple[str, ...], cancelled: set[str]
) -> None:
    assert {change["id"] for change in command.record("task", "cancel", *given, "--yes")} == cancelled

    assert {id for id in ("one", "two", "three") if state_of(command, id) == "cancelled"} == cancelled


def test_a_filter_that_matches_nothing_says_so(command: CommandLine, url: str) -> None:
    with_queue = Scheduler(url)
    with_queue.enqueue("add", queue="mail", delay=60)
    with_queue.close()

    assert command.output("task", "cancel", "--state", "running") == "There is no task to cancel.\n"
    assert command.output("task", "cancel", "--state", "running", "--yes") == "No task was changed.\n"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ((), "give the ids of tasks, or a filter"),
        (("one", "--name", "add"), "either the ids of tasks or a filter"),
        (("--state", "gone"), "gone"),
        (("--error", "("), "a regular expression"),
        (("--state", "dead", "--yes"), "one of leased, ready"),
        (("a b",), "printable ASCII"),
    ],
)
def test_bad_usage_is_refused(command: CommandLine, given: tuple[str, ...], complaint: str) -> None:
    result = command.run("task", "cancel", *given)

    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_filter_by_an_unknown_queue_is_an_error(command: CommandLine) -> None:
    result = command.run("task", "cancel", "--queue", "nowhere", "--yes")

    assert result.exit_code == 1
    assert "there is no queue 'nowhere'" in result.stderr


def test_a_listing_is_filtered_by_the_text_of_the_last_error(command: CommandLine, workshop: Workshop) -> None:
    for id, error in (("one", "OSError: no server"), ("two", "ValueError: no")):
        command.output("enqueue", "add", "--id", id)
        workshop.fail(workshop.claim(), error)

    assert [task["id"] for task in command.record("task", "ls", "--error", "^OS.* server$")] == ["one"]
