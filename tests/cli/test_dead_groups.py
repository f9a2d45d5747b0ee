"""`redisched dead groups` says what has killed tasks, and names a filter for each cause."""

import pytest

from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


@pytest.fixture
def dead(command: CommandLine, workshop: Workshop) -> None:
    for number in range(5):
        command.output("enqueue", "add", "--id", f"t{number}")
        error = f"TimeoutError: db-{number}" if number % 2 else f"ValueError: no order {number}"
        workshop.bury(workshop.claim(), error=error)


@pytest.mark.usefixtures("dead")
def test_a_line_for_each_cause(command: CommandLine) -> None:
    rows = command.rows("dead", "groups")

    assert [(row[1], row[2], row[4], row[5]) for row in rows] == [
        ("3", "add", "default", "ValueError: no order <n>"),
        ("2", "add", "default", "TimeoutError: db-<n>"),
    ]
    record = command.record("dead", "groups")
    assert [group["group"] for group in record["groups"]] == [row[0] for row in rows]
    assert (record["looked_at"], record["is_complete"]) == (5, True)
    assert record["groups"][0]["newest_id"] == "t4"
    assert len(command.rows("dead", "groups", "error:Timeout")) == 1


@pytest.mark.usefixtures("dead")
def test_the_name_of_a_group_is_a_filter(command: CommandLine) -> None:
    first, second = (row[0] for row in command.rows("dead", "groups"))

    assert {row[0] for row in command.rows("dead", "ls", f"group:{second}")} == {"t1", "t3"}
    assert f"redisched dead retry group:{first}" in command.run("dead", "groups").stderr
    assert command.output("dead", "retry", f"group:{first}", "--yes").startswith("3 replayed")
    assert len(command.rows("dead", "groups")) == 1


@pytest.mark.usefixtures("dead")
def test_it_says_if_not_all_were_looked_at(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.filters.scan.STEP", 2)
    monkeypatch.setattr("redisched.filters.scan.FEWEST", 2)

    result = command.run("dead", "groups", "--last", "2")

    assert "Only the 2 tasks that died last were looked at" in result.stderr
    assert sum(int(line.split("\t")[1]) for line in result.stdout.splitlines()[1:]) == 2
    assert command.record("dead", "groups", "--last", "2")["is_complete"] is False


def test_without_dead_tasks_it_says_so(command: CommandLine) -> None:
    assert "No task is dead" in command.output("dead", "groups")
    nothing = {"groups": [], "looked_at": 0, "of_about": None, "is_complete": True, "next": None, "now_ms": None}
    assert command.record("dead", "groups") == nothing
