"""The guide to explanations is true: its program prints the shown output, and its tables match the code."""

import dataclasses
import re
from pathlib import Path

import pytest

from redisched.engine.introducer import LIVE_MS
from redisched.explain.explanation import Explanation
from redisched.explain.reason import Reason
from redisched.explain.reasons import CAUSES
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("explain")


def rows(heading: str) -> list[str]:
    """The names in the first cells of the table below a heading, in order."""
    table = GUIDE.text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([\w ]+)`", cell)]


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_table_has_every_field() -> None:
    fields = {field.name for field in dataclasses.fields(Explanation)}

    assert set(rows("The answer")) - {"None"} == fields | {"expected_start"}


def test_the_table_has_every_reason_in_the_order_in_which_they_are_looked_at() -> None:
    told = [name for name in rows("The reasons") if name != "reason"]

    assert told == list(dict.fromkeys(cause.reason.value for cause in CAUSES))
    assert set(told) == set(Reason)


def test_a_killed_worker_counts_for_as_long_as_the_guide_says() -> None:
    assert f"for up to {LIVE_MS // 1000} seconds" in GUIDE.text
