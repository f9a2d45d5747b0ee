"""`redisched dead ls`: in which order, and from where."""

import json

from tests.cli.commands import CommandLine


def test_the_latest_dead_task_is_listed_first(command: CommandLine, dead: list[str]) -> None:
    rows = command.rows("dead", "ls")

    assert {row[0] for row in rows} == set(dead)
    assert rows[0][4:] == ["5", "attempts used up", f"ValueError: {rows[0][0]}"]
    assert {record["id"] for record in command.record("dead", "ls")} == set(dead)
    assert len(command.rows("dead", "ls", "--limit", "2")) == 2


def test_a_listing_continues_at_the_given_place(command: CommandLine, dead: list[str]) -> None:
    first = command.run("dead", "ls", "--limit", "1", "--json")
    second = command.run("dead", "ls", "--limit", "9", "--json", *first.stderr.split()[-2:])

    listed = json.loads(first.stdout) + json.loads(second.stdout)
    assert [record["id"] for record in listed] == [record["id"] for record in command.record("dead", "ls")]
    assert second.stderr == ""


def test_an_empty_listing_says_that_no_task_is_dead(command: CommandLine) -> None:
    assert "No task is dead" in command.output("dead", "ls")
    assert command.record("dead", "ls") == []


def test_an_unknown_queue_is_an_error(command: CommandLine, dead: list[str]) -> None:
    assert command.run("dead", "retry", "--all", "--queue", "mial").exit_code == 1
    assert command.run("dead", "ls", "--queue", "mial").exit_code == 1
