"""The guide to progress and logs is true: its program prints what it shows, and the names and limits in it exist."""

import re
from pathlib import Path

import pytest

from redisched.client.reference import TaskRef
from redisched.context import TaskContext
from redisched.progress import LINE_CHARACTERS, MOST_BYTES, MOST_LINES, NOTE_CHARACTERS
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("progress")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_what_the_guide_names_exists() -> None:
    assert all(hasattr(TaskContext, name) for name in re.findall(r"`(progress|log)\(\w", GUIDE.text))
    assert all(hasattr(TaskRef, name) for name in re.findall(r"`(?:task\.)?((?:progress|log)\w*)\(\)", GUIDE.text))


def test_the_limits_are_those_of_the_guide() -> None:
    for said in (
        f"up to {NOTE_CHARACTERS} characters",
        f"newest {MOST_LINES} lines",
        f"at most {MOST_BYTES // 1024} KiB",
        f"after {LINE_CHARACTERS:,} characters",
    ):
        assert said in GUIDE.text
