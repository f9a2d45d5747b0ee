"""`redisched schedule change` changes what was typed, and nothing else."""

from pathlib import Path

import pytest

from tests.cli.commands import CommandLine, run_process
from tests.cli.test_adding_schedules import APPLICATION
from tests.cli.test_hostile import is_plain

CHANGING = {"now_ms", "next_ms", "slots"}


@pytest.fixture(autouse=True)
def hourly(command: CommandLine) -> dict[str, object]:
    """A schedule with an option of each kind."""
    command.output(
        "schedule", "add", "hourly", "report", "1", "--kwarg", "region=eu", "--every", "1h", "--queue", "mail",
        "--priority", "3", "--timeout", "5m", "--misfire", "all", "--overlap", "skip", "--jitter", "30s",
    )  # fmt: skip
    return shown(command)


def shown(command: CommandLine) -> dict[str, object]:
    """All of the schedule but what goes on by itself."""
    return {key: value for key, value in command.record("schedule", "show", "hourly").items() if key not in CHANGING}


CHANGES: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {
    "interval": (("--every", "2h"), {"every_ms": 7_200_000}),
    "anchor": (("--anchor", "2020-01-01T00:30:00Z"), {"anchor_ms": 1_577_838_600_000}),
    "expression": (
        ("--cron", "@daily", "--tz", "Asia/Tokyo"),
        {"cron": "0 0 * * *", "tz": "Asia/Tokyo", "every_ms": None, "anchor_ms": None},
    ),
    "bounds": (("--end", "2100-01-01T00:00:00Z"), {"end_ms": 4_102_444_800_000}),
    "policies": (("--misfire", "skip", "--overlap", "allow"), {"misfire": "skip", "overlap": "allow"}),
    "options": (("--priority", "7", "--expires", "1h"), {"priority": 7, "expires_ms": 3_600_000}),
    "arguments": (("2", "b c"), {"args": [2, "b c"], "kwargs": {}}),
    "keywords": (("--kwarg", "region=us"), {"args": [], "kwargs": {"region": "us"}}),
}


@pytest.mark.parametrize(("words", "changes"), CHANGES.values(), ids=CHANGES)
def test_what_is_given_changes_and_the_rest_stays(
    command: CommandLine, hourly: dict[str, object], words: tuple[str, ...], changes: dict[str, object]
) -> None:
    said = command.output("schedule", "change", "hourly", *words)

    now = shown(command)
    told = now.pop("words")
    assert now == {key: value for key, value in (hourly | changes).items() if key != "words"}
    assert said.startswith(f"hourly: {told}. Next in ")


def test_another_expression_is_read_in_the_same_zone(command: CommandLine) -> None:
    command.output("schedule", "add", "nightly", "report", "--cron", "0 3 * * *", "--tz", "Europe/Berlin")

    changed = command.record("schedule", "change", "nightly", "--cron", "30 3 * * *")

    assert (changed["cron"], changed["tz"]) == ("30 3 * * *", "Europe/Berlin")
    assert command.record("schedule", "change", "nightly", "--tz", "Asia/Tokyo")["cron"] == "30 3 * * *"
    refused = command.run("schedule", "change", "nightly", "--anchor", "5")
    assert (refused.exit_code, "anchor=5.0: only with every" in refused.stderr) == (2, True)
    assert command.record("schedule", "change", "nightly", "--every", "1h")["tz"] is None


def test_another_interval_is_counted_from_the_same_moment(command: CommandLine) -> None:
    command.output("schedule", "add", "pulse", "report", "--every", "1h", "--anchor", "1800.5")

    changed = command.record("schedule", "change", "pulse", "--every", "2h")

    assert (changed["every_ms"], changed["anchor_ms"]) == (7_200_000, 1_800_500)


def test_a_paused_schedule_stays_paused(command: CommandLine, hourly: dict[str, object]) -> None:
    command.output("schedule", "pause", "hourly")

    changed = command.record("schedule", "change", "hourly", "--every", "2h", "--queue", "mail")

    assert (changed["state"], changed["every_ms"], changed["next_ms"]) == ("paused", 7_200_000, None)
    assert command.output("schedule", "change", "hourly", "--every", "3h").endswith("It is paused.\n")


BAD = {
    "nothing": ((), 2, "say what is to be changed"),
    "two timetables": (("--every", "1h", "--at", "5"), 2, "there are --every and --at"),
    "zone of an interval": (("--tz", "UTC"), 2, "tz='UTC': only with cron, which this schedule does not have"),
    "expression": (("--cron", "61 * * * *"), 2, "its minute is '61'"),
    "no slot": (("--start", "9e9", "--end", "5"), 2, "between 1970"),
    "priority": (("--priority", "256"), 2, "0 to 255"),
    "keyword": (("--kwarg", "a"), 2, "KEY=VALUE"),
    "queue": (("--every", "2h", "--queue", "other"), 1, "there is no schedule named 'hourly'"),
    "unknown option": (("--evry", "1h"), 2, "--every"),
}


@pytest.mark.parametrize(("words", "exit_code", "why"), BAD.values(), ids=BAD)
def test_bad_input_says_what_is_allowed_and_changes_nothing(
    command: CommandLine, hourly: dict[str, object], words: tuple[str, ...], exit_code: int, why: str
) -> None:
    result = command.run("schedule", "change", "hourly", *words)

    assert (result.exit_code, why in result.stderr) == (exit_code, True), result.stderr
    assert shown(command) == hourly


def test_an_unknown_or_bad_name_is_refused(command: CommandLine) -> None:
    unknown = command.run("schedule", "change", "nosuch", "--every", "2h")
    assert (unknown.exit_code, unknown.stderr) == (1, "Error: there is no schedule named 'nosuch'\n")
    bad = command.run("schedule", "change", "\x1b[31m", "--every", "2h")
    assert (bad.exit_code, is_plain(bad.stderr)) == (2, True)


def test_with_an_application_arguments_are_read_as_annotated_and_checked(
    command: CommandLine, url: str, tmp_path: Path, hourly: dict[str, object]
) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)

    def change(name: str, *words: str) -> tuple[int, str]:
        done = run_process("schedule", "change", name, *words, "--app", "shop:app", "--url", url, cwd=tmp_path)
        return done.returncode, done.stderr

    assert change("hourly", "no date")[0] == 2
    assert shown(command) == hourly
    assert change("hourly", "2030-01-31") == (0, "")
    assert shown(command)["args"] == ["2030-01-31"]

    command.output("schedule", "add", "other", "nosuch", "--every", "1h")
    code, said = change("other", "1")
    assert code == 2
    assert "NAME: shop:app has no handler 'nosuch'; there are: report" in said
