"""`redisched queue pause | resume`, and where a pause is shown."""

import re

import pytest

from redisched.store.pausing import QueuePause, pause_shard
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


def test_a_queue_is_paused_shown_as_such_and_resumed(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "a")
    command.output("enqueue", "add", "--id", "b")
    workshop.claim()

    said = command.output("queue", "pause", "default")

    assert said == (
        "default is paused. Resume it: redisched queue resume default\nWorkers finish 1 task that they have already.\n"
    )
    shown = r"\d+ ms ago by \S+@\S+|\d+\.\d s ago by \S+@\S+"
    assert re.fullmatch(shown, command.rows("queue", "ls")[0][6])
    assert re.search(rf"paused +({shown})\n", command.output("queue", "show", "default"))
    assert re.search(rf"queue paused +({shown})\n", command.output("task", "show", "b"))
    assert command.output("queue", "resume", "default") == "default is resumed.\n"
    assert command.output("queue", "resume", "default") == "default was not paused.\n"
    assert command.rows("queue", "ls")[0][6] == "-"
    assert "paused" not in command.output("task", "show", "b")


def test_json_shows_since_when_until_when_and_by_whom(command: CommandLine) -> None:
    command.output("enqueue", "add", "--id", "a")

    paused = command.record("queue", "pause", "default", "--for", "1h")

    pause = paused.pop("paused")
    assert paused == {"queue": "default", "leased": 0}
    assert pause.keys() == {"since_ms", "until_ms", "by"}
    assert pause["until_ms"] == pause["since_ms"] + 3_600_000
    assert "until in 59 min" in command.rows("queue", "ls")[0][6]
    assert command.record("queue", "ls")[0]["paused"] == pause
    assert command.record("queue", "ls", "--shards")[0]["paused"] == pause
    assert command.record("queue", "show", "default")["paused"] == pause
    assert command.record("task", "show", "a")["queue_paused"] == pause
    assert command.record("queue", "resume", "default") == {"queue": "default", "was_paused": pause}
    assert command.record("queue", "resume", "default") == {"queue": "default", "was_paused": None}


def test_who_enqueues_is_told_of_the_pause(command: CommandLine) -> None:
    command.output("enqueue", "add")
    command.output("queue", "pause", "default")

    assert "queue default is paused; resume it: redisched queue resume default" in command.run("enqueue", "add").stderr


def test_a_queue_that_is_paused_in_part_is_shown_as_such(command: CommandLine, workshop: Workshop) -> None:
    command.output("queue", "grow", "default", "--shards", "3")
    pause = QueuePause(since_ms=1, until_ms=None, by="ann@desk")
    workshop.do(pause_shard(workshop.store._script_runner, "default", 1, pause))

    assert "by ann@desk; only 1 of 3 shards: resume or pause it again" in command.rows("queue", "ls")[0][6]
    assert [row[6][-8:] for row in command.rows("queue", "ls", "--shards")] == ["-", "ann@desk", "-"]


def test_a_queue_that_is_unknown_or_a_bad_duration_is_refused(command: CommandLine) -> None:
    assert "there is no queue 'mial'" in command.run("queue", "pause", "mial").stderr
    assert "there is no queue 'mial'" in command.run("queue", "resume", "mial").stderr
    command.output("enqueue", "add")
    for duration in ("0", "soon", "-1s"):
        refused = command.run("queue", "pause", "default", "--for", duration)
        assert (refused.exit_code, "--for" in refused.stderr) == (2, True)
    assert command.rows("queue", "ls")[0][6] == "-"


def test_a_dry_run_changes_nothing(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add", "--id", "a")
    workshop.claim()

    said = command.output("queue", "pause", "default", "--dry-run")

    assert said == "default would be paused.\nWorkers finish 1 task that they have already.\n"
    assert command.record("queue", "pause", "default", "--dry-run") == {"queue": "default", "paused": None, "leased": 1}
    assert command.output("queue", "resume", "default", "--dry-run") == "default is not paused.\n"
    command.output("queue", "pause", "default")
    assert command.output("queue", "pause", "default", "--dry-run").startswith("default is paused already.\n")
    assert command.output("queue", "resume", "default", "--dry-run") == "default would be resumed.\n"
    assert command.output("queue", "resume", "default") == "default is resumed.\n"


@pytest.mark.parametrize("option", [(), ("--dry-run",)], ids=["", "dry run"])
@pytest.mark.parametrize("duration", ["0", "0.0001", "99999999999999d"])
def test_a_pause_for_no_time_is_refused_by_the_name_of_its_option(
    command: CommandLine, duration: str, option: tuple[str, ...]
) -> None:
    command.output("enqueue", "add")

    refused = command.run("queue", "pause", "default", "--for", duration, *option)

    assert refused.exit_code == 2
    assert refused.stderr.startswith("Error: --for=")
    assert command.record("queue", "ls")[0]["paused"] is None
