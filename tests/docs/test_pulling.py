"""The guide to pulling is true: its program prints what it shows, and its tables match the code."""

import inspect
import re
from pathlib import Path

import pytest

from redisched import Scheduler, TaskLease, TaskState
from redisched.chaos import Server
from redisched.client.waiting_tasks import COUNTED
from redisched.engine.window import LARGEST_CLAIM
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("pulling")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    with Server() as server:
        printed, _ = GUIDE.start(tmp_path, server.url).communicate(timeout=60)

    assert printed == GUIDE.printed


def test_the_options_and_their_defaults_are_those_of_the_call() -> None:
    told = re.findall(r"^\| `(\w+)` \| .* \| `?(\w+)`? \|$", GUIDE.text, re.MULTILINE)
    parameters = inspect.signature(Scheduler.claim).parameters.values()

    assert told == [(one.name, str(one.default)) for one in parameters if one.name != "self"]
    assert f"1 to {LARGEST_CLAIM}" in GUIDE.text


def test_the_states_and_the_calls_of_the_guide_exist() -> None:
    settling = re.findall(r"^\| `(\w+)\(.*\| (.*) \|$", GUIDE.text, re.MULTILINE)

    assert [call for call, _ in settling] == ["ack", "retry", "release", "bury"]
    assert all(hasattr(TaskLease, f"{call}_async") for call, _ in settling)
    assert {state for _, answers in settling for state in re.findall(r"`(\w+)`", answers)} <= {*TaskState}
    assert all(f"`{state}`" in GUIDE.text for state in COUNTED)
