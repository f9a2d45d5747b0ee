"""`redisched dead` revives dead tasks, with other arguments if need be, and discards them."""

import pytest

from redisched.store.broker import connect
from tests.cli.commands import CommandLine
from tests.lua.situation import dead as dead_task
from tests.lua.situation import seed, together


def test_more_dead_tasks_than_a_page_are_revived(command: CommandLine, url: str) -> None:
    situations = [dead_task(f"{number:03}", died_ms=1_000 + number // 7) for number in range(333)]
    broker = connect(url, 5.0)
    seed(broker, "default", together(*situations))
    broker.close()
    command.output("enqueue", "add", "--id", "another")

    assert "333 replayed" in command.output("dead", "retry", "--all", "--yes")
    assert command.record("dead", "ls") == []


def test_dead_tasks_given_by_id_are_revived(command: CommandLine, dead: list[str]) -> None:
    answer = command.record("dead", "retry", "one", "three")

    assert answer == [
        {"id": "one", "queue": "default", "outcome": "replayed"},
        {"id": "three", "queue": "default", "outcome": "replayed"},
    ]
    assert [row[0] for row in command.rows("dead", "ls")] == ["two"]
    assert command.record("task", "show", "one")["state"] == "ready"


def test_all_dead_tasks_are_revived(command: CommandLine, dead: list[str]) -> None:
    assert command.output("dead", "retry", "--all", "--yes").startswith("3 replayed")
    assert {row[0] for row in command.rows("task", "ls")} == set(dead)


def test_all_dead_tasks_of_one_queue_are_revived(command: CommandLine, dead: list[str]) -> None:
    command.output("enqueue", "add", "--queue", "mail", "--delay", "1h")

    assert command.record("dead", "retry", "--all", "--yes", "--queue", "mail") == []
    assert len(command.record("dead", "retry", "--all", "--yes", "--queue", "default")) == 3


def test_without_dead_tasks_none_is_revived(command: CommandLine) -> None:
    assert "No task was changed" in command.output("dead", "retry", "--all", "--yes")


def test_tasks_that_cannot_be_revived_are_named(command: CommandLine, dead: list[str]) -> None:
    command.output("enqueue", "add", "--id", "waits", "--delay", "1h")

    result = command.run("dead", "retry", "one", "waits", "nosuch")

    assert result.exit_code == 1
    assert result.stdout.startswith("1 replayed")
    assert "'waits' is not dead" in result.stderr
    assert "'nosuch' is unknown" in result.stderr
    assert command.record("task", "show", "waits")["state"] == "scheduled"


@pytest.mark.parametrize("verb", ["retry", "discard"])
def test_all_are_acted_on_only_with_yes(command: CommandLine, dead: list[str], verb: str) -> None:
    refused = command.run("dead", verb, "--all")

    assert (refused.exit_code, refused.stdout) == (1, f"3 tasks to {verb}: 3 dead.\n")
    assert "repeat the command with --yes" in refused.stderr
    assert {row["id"] for row in command.record("dead", "ls")} == set(dead)


@pytest.mark.parametrize("words", [(), ("one", "--all"), ("a b",), ("one", "--queue", "a b")])
def test_bad_usage_revives_nothing(command: CommandLine, dead: list[str], words: tuple[str, ...]) -> None:
    result = command.run("dead", "retry", *words)

    assert result.exit_code == 2
    assert len(command.rows("dead", "ls")) == 3


def test_dead_tasks_are_replayed_by_the_text_of_their_error_after_yes(command: CommandLine, dead: list[str]) -> None:
    asked = command.run("dead", "retry", "--error", "two|three")
    assert (asked.exit_code, asked.stdout) == (1, "2 tasks to retry: 2 dead.\n")
    assert len(command.rows("dead", "ls")) == 3

    assert "2 replayed" in command.output("dead", "retry", "--error", "two|three", "--yes")
    assert [row[0] for row in command.rows("dead", "ls")] == ["one"]


def test_a_replayed_task_shows_why_it_was_dead_and_counts_its_attempts_anew(
    command: CommandLine, dead: list[str]
) -> None:
    command.output("dead", "retry", "one")

    record = command.record("task", "show", "one")
    assert (record["state"], record["attempts"]) == ("ready", 0)
    assert [failure["error"] for failure in record["failures"]] == ["ValueError: one"]


def test_a_dead_task_is_replayed_with_other_arguments(command: CommandLine, dead: list[str]) -> None:
    command.output("dead", "retry", "one", "--args", '[1, "x"]', "--kwarg", "size=3")

    record = command.record("task", "show", "one")
    assert (record["state"], record["args"], record["kwargs"]) == ("ready", [1, "x"], {"size": 3})


@pytest.mark.parametrize(
    "words",
    [("--args", "7", "one"), ("--args", "[]", "one", "two"), ("--kwarg", "a", "one"), ("--args", "[]", "--all")],
)
def test_bad_arguments_replay_nothing(command: CommandLine, dead: list[str], words: tuple[str, ...]) -> None:
    assert command.run("dead", "retry", *words).exit_code == 2
    assert len(command.rows("dead", "ls")) == 3


def test_dead_tasks_are_discarded_after_yes(command: CommandLine, dead: list[str]) -> None:
    assert command.run("dead", "discard", "--all").stdout == "3 tasks to discard: 3 dead.\n"
    assert command.record("dead", "discard", "one") == [{"id": "one", "queue": "default", "outcome": "discarded"}]
    assert command.record("task", "show", "one")["state"] == "cancelled"
    assert command.run("dead", "retry", "one").exit_code == 1

    assert command.output("dead", "discard", "--all", "--yes") == "2 discarded.\n"
    assert command.record("dead", "ls") == []
