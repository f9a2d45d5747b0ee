"""`redisched schedule ls | show | next` reads schedules from Redis."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from redisched import Scheduler
from redisched.store.broker import Broker
from tests.cli.commands import CommandLine
from tests.cli.test_hostile import is_plain
from tests.cli.workshop import Workshop


@pytest.fixture
def app(private_broker: Broker) -> Scheduler:
    return Scheduler(broker=private_broker)


def test_the_last_task_is_that_of_the_latest_slot_that_has_come(
    command: CommandLine, app: Scheduler, workshop: Workshop
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=8)
    app.schedules.add("soon", "report", every="1h", anchor=soon)
    ahead = app.schedules.get("soon").last_id

    assert command.rows("schedule", "ls")[0][6:] == [ahead, "scheduled"]
    app.ref(ahead, queue="default").run_now()
    workshop.succeed(workshop.claim(), "sent")
    assert command.rows("schedule", "ls")[0][6:] == [ahead, "succeeded"]
    shown = command.output("schedule", "show", "soon")
    assert f"last task    {ahead}\n" in shown
    assert re.search(r'its state    succeeded after .*: "sent"\n', shown)
    workshop.perform("DEL", workshop.store.keys.outcomes)
    assert command.record("schedule", "show", "soon")["last_state"] == "unknown"


def test_the_next_slots_of_a_schedule_are_those_of_its_zone(command: CommandLine) -> None:
    command.output("schedule", "add", "a", "report", "--cron", "0 3 * * *", "--tz", "Asia/Tokyo")

    record = command.record("schedule", "next", "a", "--count", "2")
    assert (record["name"], record["queue"], record["state"], record["tz"]) == ("a", "default", "active", "Asia/Tokyo")
    assert [slot["local"][10:] for slot in record["slots"]] == ["T03:00:00+09:00"] * 2
    assert command.output("schedule", "next", "a", "--count", "1").splitlines()[:5] == [
        "when   at 03:00 every day, Tokyo time",
        "zone   Asia/Tokyo",
        "state  active",
        "",
        "asia/tokyo\tutc\tfrom now",
    ]
    refused = command.run("schedule", "next", "a", "--tz", "UTC")
    assert refused.exit_code == 2
    assert "a schedule has its own zone" in refused.stderr


def test_one_that_cannot_be_read_is_named_and_hides_no_other(command: CommandLine, workshop: Workshop) -> None:
    command.output("schedule", "add", "a", "report", "--every", "1h")
    command.output("schedule", "add", "b", "report", "--every", "1h")
    workshop.perform("HSET", workshop.store.keys.schedules, "a", b"\xc1\x1b[31m")

    listed = command.run("schedule", "ls")
    shown = command.run("schedule", "show", "a")

    assert [line.split("\t")[0] for line in listed.stdout.splitlines()] == ["name", "b"]
    assert listed.stderr.startswith("Warning: schedule a of queue default cannot be read here: ")
    assert (listed.exit_code, shown.exit_code) == (0, 1)
    assert shown.stderr.count("\n") == 1
    assert is_plain(listed.output + shown.output)


def test_nothing_that_a_schedule_holds_is_printed_raw(command: CommandLine, app: Scheduler) -> None:
    app.schedules.add("a", "report", args=["\x1b[31m\u202e"], kwargs={"\x07": "\n"}, every="1h")

    for words in (("ls",), ("show", "a"), ("next", "a")):
        assert is_plain(command.output("schedule", *words))
        command.record("schedule", *words)
    assert r"\u001b[31m" in command.output("schedule", "show", "a")


def test_a_schedule_whose_state_is_damaged_is_told_with_the_command_that_removes_it(
    command: CommandLine, app: Scheduler, workshop: Workshop
) -> None:
    app.schedules.add("broken", "report", every="1h")
    app.schedules.add("whole", "report", every="1h")
    workshop.perform("HDEL", workshop.store.keys.fired, "broken")

    listed = command.run("schedule", "ls")
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()[1:]] == ["whole"]
    assert (
        "schedule broken of queue default cannot be read here: what is stored of its state is damaged" in listed.stderr
    )
    assert "redisched schedule rm --queue default broken" in listed.stderr
    for words in (("pause", "broken"), ("resume", "broken")):
        refused = command.run("schedule", *words)
        assert refused.exit_code != 0
        assert "unknown" not in refused.stderr, words
    assert command.run("schedule", "rm", "whole", "broken").exit_code == 0
    assert command.run("schedule", "ls").stderr == ""
    assert command.run("queue", "rm", "default", "--yes").exit_code == 0


def test_schedules_are_listed_in_pages(command: CommandLine, app: Scheduler) -> None:
    wanted = [(queue, f"s{number}") for queue in ("a", "b") for number in range(3)]
    for queue, name in reversed(wanted):
        app.schedules.add(name, "report", queue=queue, every="1h")
    seen: list[tuple[str, str]] = []
    more: list[str] = []
    while True:
        page = command.run("schedule", "ls", "--limit", "2", *more)
        seen += [(cells[1], cells[0]) for cells in (line.split("\t") for line in page.stdout.splitlines()[1:])]
        if not page.stderr:
            break
        more = page.stderr.split()[-2:]
    assert seen == wanted
    assert len(command.record("schedule", "ls", "--queue", "b", "--limit", "2")) == 2
