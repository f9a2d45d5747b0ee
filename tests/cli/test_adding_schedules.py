"""`redisched schedule add` stores exactly what was typed, or nothing."""

import re
from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, run_process
from tests.cli.test_hostile import is_plain
from tests.cli.workshop import Workshop

DAY_MS = 86_400_000


def test_a_schedule_is_added_listed_and_shown(command: CommandLine) -> None:
    result = command.run(
        "schedule", "add", "nightly", "report", "1", "a b", "--kwarg", "region=eu", "--cron", "0 3 * * *",
        "--tz", "Europe/Berlin", "--queue", "mail", "--priority", "high", "--timeout", "5m", "--expires", "1h",
        "--deadline", "2h", "--max-attempts", "3", "--keep", "task", "--misfire", "all(max=9)", "--overlap", "skip",
        "--jitter", "30s", "--start", "2020-01-01T00:00:00Z", "--end", "2100-01-01T00:00:00Z",
    )  # fmt: skip

    words = (
        "at 03:00 every day, Berlin time, each up to 30 seconds later, from 2020-01-01 00:00 UTC, until 2100-01-01 "
        "00:00 UTC"
    )
    assert result.exit_code == 0, result.output
    assert re.fullmatch(rf"nightly: {re.escape(words)}\. Next in \d+ \S+ \d+ \S+ \(\S+ \S+\)\.\n", result.stdout)
    assert result.stderr == (
        "Warning: no worker serves queue mail now; start one: redisched worker MODULE:APP --queues mail\n"
    )
    ((name, queue, state, when, following, handler, *last),) = command.rows("schedule", "ls")
    assert (name, queue, state, when, handler, last) == ("nightly", "mail", "active", words, "report", ["-", "-"])
    assert following.startswith("in ")
    shown = command.output("schedule", "show", "nightly")
    facts = dict(re.split(" {2,}", line, maxsplit=1) for line in shown.split("\n\n")[0].splitlines())
    assert facts["cron"] == "0 3 * * *"
    assert facts["zone"] == "Europe/Berlin"
    assert facts["arguments"] == '1, "a b", region="eu"'
    assert facts["declared by"] == "no code; a call has added it"
    assert (facts["misfire"], facts["overlap"], facts["jitter"]) == ("all(max=9)", "skip", "30.0 s")
    assert (facts["timeout"], facts["expires"], facts["deadline"]) == ("5 min 0 s", "1 h 0 min", "2 h 0 min")
    assert len(shown.split("\n\n")[1].splitlines()) == 6


def test_json_has_everything_about_a_schedule(command: CommandLine) -> None:
    added = command.record(
        "schedule", "add", "daily", "report", "[1]", "--every", "1d", "--anchor", "2020-01-01T06:00:00Z",
        "--timeout", "5", "--jitter", "1m", "--end", "2100-01-01T00:00:00Z",
    )  # fmt: skip

    now_ms, following, slots = added.pop("now_ms"), added.pop("next_ms"), added.pop("slots")
    assert added == {
        "name": "daily", "queue": "default", "shard": 0, "state": "active",
        "words": "every day, counted from 2020-01-01 06:00 UTC, each up to 1 minute later, until 2100-01-01 00:00 UTC",
        "cron": None, "tz": None, "every_ms": DAY_MS, "anchor_ms": 1_577_858_400_000, "at_ms": None,
        "start_ms": None, "end_ms": 4_102_444_800_000, "jitter_ms": 60_000, "misfire": "latest", "overlap": "allow",
        "application": None, "handler": "report", "args": [[1]], "kwargs": {}, "priority": 5, "max_attempts": None,
        "timeout_ms": 5_000, "expires_ms": None, "deadline_ms": None, "retention_ms": None, "keep": None,
        "last_id": None, "last_state": None,
    }  # fmt: skip
    assert 0 < following - now_ms <= DAY_MS
    assert [slot["slot_ms"] for slot in slots] == [following + DAY_MS * day for day in range(5)]
    assert slots[0]["local"].endswith("T06:00:00+00:00")
    listed = command.record("schedule", "ls")
    assert [one.pop("slots") == slots and one.pop("now_ms") >= now_ms for one in listed] == [True]
    assert listed == [added | {"next_ms": following}]


def test_adding_the_same_again_changes_nothing_and_another_one_is_refused(command: CommandLine) -> None:
    command.output("schedule", "add", "hourly", "report", "--every", "1h")
    command.output("schedule", "add", "hourly", "report", "--every", "1h")

    refused = command.run("schedule", "add", "hourly", "report", "--every", "2h")

    assert refused.exit_code == 1
    assert "has another schedule named 'hourly'" in refused.stderr
    assert [row[3] for row in command.rows("schedule", "ls")] == ["every hour"]


BAD = {
    "no timetable": ((), "by one of --cron, --every and --at"),
    "two timetables": (("--every", "1h", "--at", "5"), "there are --every and --at"),
    "zone without cron": (("--every", "1h", "--tz", "UTC"), "--tz goes with --cron only"),
    "anchor without interval": (("--cron", "@daily", "--anchor", "5"), "--anchor goes with --every only"),
    "expression": (("--cron", "61 * * * *"), "its minute is '61'"),
    "zone": (("--cron", "@daily", "--tz", "berlin"), "similar: Europe/Berlin"),
    "interval": (("--every", "soon"), "500ms"),
    "too short an interval": (("--every", "500ms"), "at least 1 s"),
    "moment": (("--at", "tomorrow"), "2030-01-31T09:00:00"),
    "naive moment": (("--at", "2030-01-31T09:00:00"), "append Z"),
    "no number": (("--at", "nan"), "is not a moment"),
    "end before start": (("--every", "1h", "--start", "9e9", "--end", "5"), "between 1970"),
    "no slot": (("--at", "5", "--end", "4"), "at least one slot until 1970"),
    "misfire": (("--every", "1h", "--misfire", "never"), 'one of "skip"'),
    "overlap": (("--every", "1h", "--overlap", "never"), "'allow', 'skip'"),
    "priority": (("--every", "1h", "--priority", "256"), "0 to 255"),
    "queue": (("--every", "1h", "--queue", "a{b}"), "letters"),
    "keyword": (("--every", "1h", "--kwarg", "a"), "KEY=VALUE"),
    "unknown option": (("--evry", "1h"), "--every"),
}


@pytest.mark.parametrize(("words", "why"), BAD.values(), ids=BAD)
def test_bad_input_says_what_is_allowed_and_writes_nothing(
    command: CommandLine, workshop: Workshop, words: tuple[str, ...], why: str
) -> None:
    result = command.run("schedule", "add", "hourly", "report", *words)

    assert result.exit_code == 2
    assert why in result.stderr
    assert workshop.keys() == []


def test_bad_names_are_refused(command: CommandLine, workshop: Workshop) -> None:
    assert command.run("schedule", "add", "a b", "report", "--every", "1h").exit_code == 2
    assert command.run("schedule", "add", "hourly", "no name", "--every", "1h").exit_code == 2
    for verb in ("show", "pause", "resume", "run", "rm"):
        result = command.run("schedule", verb, "\x1b[31m")
        assert result.exit_code == 2
        assert is_plain(result.stderr)
    assert workshop.keys() == []


APPLICATION = """
from datetime import date
from redisched import Scheduler
app = Scheduler()

@app.task(name="report", queue="mail", priority=3)
def report(day: date) -> None: ...
"""


def test_with_an_application_arguments_are_read_as_annotated_and_checked(
    command: CommandLine, url: str, tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)

    def add(*words: str) -> "tuple[int, str]":
        done = run_process(
            "schedule", "add", "hourly", *words, "--every", "1h", "--app", "shop:app", "--url", url, cwd=tmp_path
        )
        return done.returncode, done.stderr

    assert add("nosuch") == (2, add("nosuch")[1])
    assert "HANDLER: shop:app has no handler 'nosuch'; there are: report" in add("nosuch")[1]
    assert add("report")[0] == 2
    assert add("report", "no date")[0] == 2
    assert command.output("schedule", "ls").startswith("There is no schedule. Add one: ")
    assert add("report", "2030-01-31")[0] == 0
    record = command.record("schedule", "show", "hourly")
    assert (record["queue"], record["priority"], record["args"]) == ("mail", 3, ["2030-01-31"])


def test_a_schedule_whose_slots_are_over_is_told_of(command: CommandLine) -> None:
    said = command.output("schedule", "add", "once", "report", "--at", "2020-01-01T00:00:00Z")

    assert said == "once: once, 2020-01-01 00:00 UTC. No slot is left: it never fires.\n"
    assert command.rows("schedule", "ls")[0][2] == "over"
    assert "From now" not in command.output("schedule", "show", "once")
