"""The guide to retries is true: its program prints what is printed there."""

import inspect
import re
from pathlib import Path

import pytest

from redisched import Retry, exponential, fixed, linear
from redisched.retry import DEFAULT_ATTEMPTS, DEFAULT_BACKOFF
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("retries")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_guide_names_every_field_of_a_policy_and_the_defaults() -> None:
    fields = re.findall(r"^\| `(\w+)` \|.*\|.*\|$", GUIDE.text, re.MULTILINE)

    assert fields == [name for name in inspect.signature(Retry).parameters if name != "rules"]
    assert f"there are {DEFAULT_ATTEMPTS} attempts" in GUIDE.text
    assert exponential(5) == DEFAULT_BACKOFF
    assert exponential(5, cap=3600, jitter=0.5) == exponential(5)
    assert linear(10, cap=3600, jitter=0.0) == linear(10)
    assert fixed(10, jitter=0.0) == fixed(10)
