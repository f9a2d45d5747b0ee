"""The guide to at-most-once delivery is true: its program prints what is printed there."""

from pathlib import Path

import pytest

from redisched import TaskState
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("delivery")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_states_that_the_guide_names_exist() -> None:
    assert f"leaves its task `{TaskState.LOST}`" in GUIDE.text
    assert f"leaves it `{TaskState.DEAD}`" in GUIDE.text
