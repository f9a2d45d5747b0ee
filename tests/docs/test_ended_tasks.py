"""The guide to ended tasks is true: its program prints the shown output, and its tables match the code."""

import re
from pathlib import Path

import pytest

from redisched.config import Settings
from redisched.handler_options import HandlerOptions
from redisched.model import Keep
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("ended-tasks")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_table_has_every_value_and_the_default() -> None:
    assert re.findall(r"^\| `\"(\w+)\"`", GUIDE.text, re.MULTILINE) == list(Keep)
    assert f'`"{HandlerOptions().keep}"`, the default' in GUIDE.text


def test_the_figures_of_the_guide_are_those_of_the_settings() -> None:
    assert f"{Settings().kept_results:,} ended tasks" in GUIDE.text
    assert Settings().dead_retention_s == 30 * 24 * 3600
    assert "for 30 days" in GUIDE.text
