"""The guide to results is true: its program prints what it shows, and the names in it exist."""

import re
from pathlib import Path

import pytest

import redisched
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("results")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_calls_that_the_guide_names_exist() -> None:
    named = set(re.findall(r"`(?:await |async for ended in )?((?:gather|as_completed)\w*)\(", GUIDE.text))
    assert named == {name for name in redisched.__all__ if name.startswith(("gather", "as_completed"))}
