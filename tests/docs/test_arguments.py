"""The guide to arguments is true: its program prints what it shows, and the forms in it are those that values have."""

from datetime import timedelta
from pathlib import Path

import pytest

import redisched
from redisched.conversion.annotations import Forms
from redisched.model import DeathReason
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("arguments")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_what_the_guide_names_exists() -> None:
    assert f"`{DeathReason.ARGUMENTS}`" in GUIDE.text
    assert "`redisched.Codec`" in GUIDE.text
    assert hasattr(redisched, "Codec")
    form = Forms().of(timedelta)
    assert [form.decode(text) for text in ("250ms", "1.5h", "2d")] == [
        timedelta(milliseconds=250),
        timedelta(hours=1.5),
        timedelta(days=2),
    ]
