"""The guide to unique tasks is true: its program prints the shown output."""

from pathlib import Path
from typing import get_args

import pytest

from redisched.model import OnDuplicate
from redisched.options import CommonOptionFields
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("unique")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_guide_names_every_way() -> None:
    assert all(f'`"{mode}"`' in GUIDE.text for mode in OnDuplicate)
    scopes = [scope for kind in get_args(CommonOptionFields.__annotations__["unique_for"]) for scope in get_args(kind)]
    assert scopes == ["until_started", "until_done"]
    assert all(f'`"{scope}"`' in GUIDE.text for scope in scopes)
