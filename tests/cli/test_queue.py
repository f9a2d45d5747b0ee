"""`redisched queue ls` counts every task in the one place it is in."""

from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


def test_each_state_is_counted(command: CommandLine, workshop: Workshop) -> None:
    for task_id in ("dead", "leased", "ready"):
        command.output("enqueue", "add", "--id", task_id)
    command.output("enqueue", "add", "--delay", "1h")
    command.output("enqueue", "add", "--queue", "mail", "--delay", "1h", "--priority", "9")
    workshop.bury(workshop.claim())
    workshop.claim()

    rows = command.rows("queue", "ls")
    assert [row[:5] for row in rows] == [["default", "1", "1", "1", "1"], ["mail", "0", "1", "0", "0"]]
    assert rows[0][5].endswith("s")
    assert rows[1][5] == "-"


def test_json(command: CommandLine) -> None:
    command.output("enqueue", "add", "--queue", "mail", "--delay", "1h", "--priority", "9")

    (record,) = command.record("queue", "ls")
    assert record.pop("now_ms") > 0
    assert record == {
        "queue": "mail",
        "ready": 0,
        "scheduled": 1,
        "leased": 0,
        "dead": 0,
        "finished": 0,
        "oldest_ready_ms": None,
        "priorities": [{"priority": 9, "ready": 0, "scheduled": 1}],
        "repairs": {},
    }


def test_json_tells_of_repairs(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add")
    workshop.perform("HSET", workshop.store.keys.repairs, "PLACE_LOST", "2")

    assert command.record("queue", "ls")[0]["repairs"] == {"PLACE_LOST": 2}


def test_without_a_queue_it_says_how_to_make_one(command: CommandLine) -> None:
    assert "redisched enqueue" in command.output("queue", "ls")
    assert command.record("queue", "ls") == []
