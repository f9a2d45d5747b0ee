"""Log processing: counts what a package manager did, one slice of its log per task."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

from redisched.demo.facts import Kind, recorded
from redisched.demo.ledger import keep
from redisched.demo.scheduler import WORK_QUEUE, app

_MACHINE_LOG = Path("/var/log/dpkg.log")
_SAMPLE = Path(__file__).with_name("sample_package_log.txt")
_LINE = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?P<action>[a-z]+) \S.*")
UNREADABLE = "unreadable"


@app.task(name="demo.count_actions", queue=WORK_QUEUE)
def count_actions(path: str, first_byte: int, end_byte: int) -> dict[str, int]:
    """How often each action occurs in the lines that begin within a slice of a log."""
    with recorded(Kind.LOGS):
        actions: Counter[str] = Counter()
        for line in _lines(Path(path), first_byte, end_byte):
            match = _LINE.fullmatch(line.rstrip(b"\n"))
            actions[match["action"].decode() if match else UNREADABLE] += 1
        keep(Kind.LOGS, actions.total())
        return dict(actions)


def log_of_this_machine() -> Path:
    """The path of dpkg's log if this machine has one, else of a sample."""
    try:
        with _MACHINE_LOG.open("rb") as log:
            return _MACHINE_LOG if log.read(1) else _SAMPLE
    except OSError:
        return _SAMPLE


def slices(path: Path, count: int) -> list[tuple[int, int]]:
    """Cut a log into `count` slices of about equal size: for each, its first byte and the first byte after it."""
    size = path.stat().st_size
    bounds = [size * number // count for number in range(count + 1)]
    return list(pairwise(bounds))


def _lines(path: Path, first_byte: int, end_byte: int) -> list[bytes]:
    """The lines that begin in [first_byte, end_byte), so that each line belongs to exactly one slice."""
    with path.open("rb") as log:
        if first_byte > 0:
            log.seek(first_byte - 1)
            log.readline()
        lines = []
        while log.tell() < end_byte and (line := log.readline()):
            lines.append(line)
        return lines
