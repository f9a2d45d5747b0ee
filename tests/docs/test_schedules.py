"""The guide to schedules is true: its program prints the shown output, its tables are complete, its commands run."""

import re
import shlex
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.cli.commands.schedule import schedule
from redisched.client.schedule_calls import ScheduleCalls
from redisched.client.schedule_fields import ScheduleFields
from redisched.engine.schedule_firer import AHEAD_INTERVALS, INTERVAL_S, LONGEST_INTERVAL_S
from redisched.schedules.firing import LATE_MS
from redisched.store.schedule_values import ALIVE_MS
from redisched.timetable.misfire import DEFAULT_MOST, MOST_LATE_SLOTS
from tests.cli.commands import run
from tests.docs.guide import Guide

GUIDE = Guide("schedules")
COMMANDS = re.findall(r"^    redisched (schedule .*)$", GUIDE.text, re.MULTILINE)
ABOUT_KEYS = {"unique", "unique_for", "on_duplicate", "debounce_max"}
"""Options that a schedule does not have: its slots are unique by themselves."""


@pytest.mark.measured
def test_the_program_prints_what_the_guide_shows(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


@pytest.mark.measured
def test_the_commands_succeed_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        monkeypatch.setenv("REDISCHED_URL", server.url)
        for command in COMMANDS:
            result = run(*shlex.split(command))
            assert result.exit_code == 0, (command, result.output)
        assert run("schedule", "ls").stdout.startswith("There is no schedule.")


def test_every_command_is_shown() -> None:
    assert {command.split()[1] for command in COMMANDS} == schedule.commands.keys()


def test_the_table_has_every_call() -> None:
    calls = [name for name in vars(ScheduleCalls) if name[0] != "_" and not name.endswith("_async")]

    assert re.findall(r"^\| `(\w+)\(", GUIDE.text, re.MULTILINE) == calls


def test_the_table_has_every_option() -> None:
    cells = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?!\|)", GUIDE.text, re.MULTILINE)
    options = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    assert options == ScheduleFields.__annotations__.keys() - ABOUT_KEYS


def test_the_numbers_are_those_of_the_code() -> None:
    for said in (
        f"workers look for slots every {INTERVAL_S:g} s (with many shards up to {LONGEST_INTERVAL_S:g} s)",
        f"if nobody has fired it {LATE_MS // 1_000} s after its time",
        f"about {ALIVE_MS // 1_000} s after the last worker of the newer code",
        f'`"all"` (the newest {DEFAULT_MOST})',
        f'at most {MOST_LATE_SLOTS:,} with `"all(max={MOST_LATE_SLOTS})"`',
    ):
        assert said in GUIDE.text
    assert AHEAD_INTERVALS == 3
