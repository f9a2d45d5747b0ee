"""The guide to resources is true: its program prints what it shows, and the figures in it are those of the code."""

from pathlib import Path

import pytest

from redisched.engine.fleet import RESPAWN_BACKOFF
from redisched.engine.isolation import pool
from redisched.engine.resources import process_resources
from redisched.model import DeathReason
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("resources")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_figures_are_those_of_the_code() -> None:
    assert f'"{DeathReason.ARGUMENTS}"' in GUIDE.text
    assert f"Closing may take {process_resources.CLOSE_S:g} s each" in GUIDE.text
    assert f"at growing intervals up to {RESPAWN_BACKOFF.cap_s:g} s" in GUIDE.text
    assert pool.ENDING_S == 1.0
    assert "within a second when its worker stops" in GUIDE.text
