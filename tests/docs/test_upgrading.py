"""What the page on upgrading says in numbers is what the code has."""

import re
from pathlib import Path

from redisched.config import UNROUTABLE_BACKOFF
from redisched.engine.attempt import SHORT_PAUSE_MS
from redisched.engine.introducer import INTERVAL_S
from redisched.engine.task_log import SAY_AGAIN_S
from redisched.store.scripts import FORMAT
from tests.house.checkout import ROOT

TEXT = (ROOT / "docs" / "operations" / "upgrading.md").read_text(encoding="utf-8")


def raised_by_scripts() -> set[int]:
    """The formats to which scripts raise a shard, but for those that a caller says."""
    texts = (path.read_text() for path in Path(ROOT / "scripts").rglob("*.lua"))
    return {int(number) for text in texts for number in re.findall(r"need_format\((\d+)\)", text)}


def test_the_table_has_every_format() -> None:
    rows = [int(number) for number in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)]

    assert rows == list(range(2, FORMAT + 1))
    assert raised_by_scripts() <= set(rows)


def test_the_times_are_those_of_the_code() -> None:
    assert (SHORT_PAUSE_MS, INTERVAL_S, SAY_AGAIN_S) == (250, 5.0, 600.0)
    assert (UNROUTABLE_BACKOFF.base_s, UNROUTABLE_BACKOFF.cap_s) == (1.0, 60.0)
    for said in ("a quarter of a second", "every five seconds", "from one second to a minute", "once in ten minutes"):
        assert said in TEXT
