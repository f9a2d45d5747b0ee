"""The guide to queues is true: its program prints the shown output, and its table has every method."""

import re
from pathlib import Path

import pytest

from redisched.client.queue import Queue
from tests.docs.guide import Guide

pytestmark = pytest.mark.measured

GUIDE = Guide("queues")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


def test_the_table_has_every_method() -> None:
    methods = [name for name in vars(Queue) if name[0] != "_" and not name.endswith("_async") and name != "name"]

    assert [*dict.fromkeys(re.findall(r"^\| `(\w+)\(", GUIDE.text, re.MULTILINE))] == methods
