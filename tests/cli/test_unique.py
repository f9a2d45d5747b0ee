"""Unique keys on the command line: given to an enqueue, shown of a task, in the way of a dead one."""

from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


def test_an_enqueue_whose_key_is_held_prints_the_id_of_the_task_that_holds_it(command: CommandLine) -> None:
    first = command.record("enqueue", "charge", "1", "--unique", "order:1")
    second = command.record("enqueue", "charge", "2", "--unique", "order:1")

    assert second == first | {"is_new": False}
    assert command.record("task", "show", first["id"])["args"] == [1]


def test_a_duplicate_can_be_an_error(command: CommandLine) -> None:
    command.output("enqueue", "charge", "--unique", "order:1")

    result = command.run("enqueue", "charge", "--unique", "order:1", "--on-duplicate", "reject")

    assert result.exit_code == 1
    assert "has the unique key 'order:1', so no other was added" in result.stderr


def test_options_without_a_key_are_refused(command: CommandLine) -> None:
    result = command.run("enqueue", "charge", "--unique-for", "5m")

    assert result.exit_code != 0
    assert "give unique= as well" in result.stderr
    assert "is not a duration" in command.run("enqueue", "charge", "--unique", "k", "--unique-for", "long").stderr


def test_what_a_task_has_of_its_key_is_shown(command: CommandLine, workshop: Workshop) -> None:
    words = ("enqueue", "charge", "--unique", "order:1", "--on-duplicate", "replace")
    first = command.output(*words).strip()
    record = command.record("task", "show", first)
    assert (record["unique_for"], record["is_successor"], len(record["unique_key"])) == ("until_done", False, 32)
    assert f"holds key {record['unique_key']} until done" in command.output("task", "show", first)

    lease = workshop.claim()
    second = command.output(*words).strip()
    shown = command.record("task", "show", second)
    assert (shown["state"], shown["run_at_ms"], shown["is_successor"]) == ("scheduled", None, True)
    assert "waits for the end of the task that holds key" in command.output("task", "show", second)

    workshop.succeed(lease, None)
    assert command.record("task", "show", second)["state"] == "ready"


def test_a_dead_task_whose_key_is_taken_is_not_revived(command: CommandLine, workshop: Workshop) -> None:
    first = command.output("enqueue", "charge", "--unique", "order:1").strip()
    workshop.bury(workshop.claim(), error="ValueError: no")
    second = command.output("enqueue", "charge", "--unique", "order:1").strip()

    result = command.run("dead", "retry", first)
    assert result.exit_code == 1
    assert "a unique key that another task holds" in result.output
    assert [record["outcome"] for record in command.record("dead", "retry", "--all", "--yes")] == ["key is taken"]

    command.output("task", "cancel", second)
    assert [record["outcome"] for record in command.record("dead", "retry", first)] == ["replayed"]
