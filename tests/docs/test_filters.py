"""The guide to filters is true: its program prints what is shown, its commands run, and its table has every field."""

import re
import shlex
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.cli.completing import TIMEOUT_S
from redisched.cli.listing import LOOKS
from redisched.cli.refreshing import INTERVAL_S
from redisched.client.scheduler import Scheduler
from redisched.filters.parsing import FIELDS, STATE_SETS, parse
from redisched.filters.scan import STEP
from tests.cli.commands import CommandLine, run
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("filters")
COMMANDS, INSTALLING = (block.splitlines() for block in re.findall(r"```sh\n(.*?)```", GUIDE.text, re.DOTALL))
TERMS = re.findall(r"^\| `([^`]+)` \|", GUIDE.text, re.MULTILINE)


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    with Server() as server:
        printed, _ = GUIDE.start(tmp_path, server.url).communicate(timeout=60)

    assert printed == GUIDE.printed


def test_the_table_has_every_field_and_its_terms_are_filters() -> None:
    fields = [term.partition(":")[0] for term in TERMS]

    assert fields == [*FIELDS, "arg.order_id", "invoice"]
    for term in (*TERMS, *re.findall(r"`(-?(?:\w+|arg\.[\w.]+):[^`]+)`", GUIDE.text)):
        parse(term)
    (states,) = re.findall(r"in this state: (.*?);", GUIDE.text)
    assert {*re.findall(r"`(\w+)`", states), "pending", "any"} == STATE_SETS.keys()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_runs(line: str) -> None:
    with Server() as server:
        app = Scheduler(server.url)
        app.enqueue("send_invoice", queue="mail")
        app.close()

        result = CommandLine(server.url).run(*shlex.split(line)[1:])

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("line", INSTALLING)
def test_completion_is_installed(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert run(*shlex.split(line)[1:]).exit_code == 0


def test_the_numbers_are_those_of_the_code() -> None:
    assert (LOOKS, STEP, INTERVAL_S, TIMEOUT_S) == (10_000, 100, 2, 0.3)
    for told in ("10,000 tasks", "a hundred in each call", "every 2 seconds", "0.3 seconds"):
        assert told in GUIDE.text
