"""The guide to steering is true: its program prints the shown output, and its tables match the code."""

import re
from pathlib import Path

import pytest

from redisched.client.dead_tasks import DiscardOutcome, ReplayOutcome
from redisched.client.selecting import BATCH
from redisched.client.verbs import CancelOutcome, ChangeOutcome
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("steering")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_tables_have_every_filter_and_every_outcome() -> None:
    assert re.findall(r"^\| `(\w+)=", GUIDE.text, re.MULTILINE) == ["queue", "name", "state", "error"]
    assert re.findall(r"^\| `(\w+)` \|", GUIDE.text, re.MULTILINE) == [*CancelOutcome, *ChangeOutcome]
    told = re.findall(r"^\| [^|]+ \| `([\w ]+)` \|", GUIDE.text, re.MULTILINE)
    assert set(told) == {*ReplayOutcome, *DiscardOutcome}


def test_the_size_of_a_batch_is_that_of_the_code() -> None:
    assert BATCH == 100
    assert "a hundred in each call" in GUIDE.text
