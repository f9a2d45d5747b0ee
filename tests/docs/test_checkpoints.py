"""The guide to checkpoints is true: its program prints what it shows, and the names in it exist."""

import re
from pathlib import Path

import pytest

from redisched import errors
from redisched.context import TaskContext
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("checkpoints")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_what_the_guide_names_exists() -> None:
    assert all(hasattr(TaskContext, name) for name in re.findall(r"`((?:checkpoint|state)\w*)[(`]", GUIDE.text))
    named = re.findall(r"`((?:Not|Payload|Lease|Handler|Cancel|Broker|QueueF)\w+)`", GUIDE.text)
    assert all(hasattr(errors, name) for name in named)
