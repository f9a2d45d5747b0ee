"""Reads the files of a history as one stream, in the order of time."""

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path

from redisched.chaos.history.record import Record, decode

_DISORDER = 50_000
"""The threads of a process may write so many records in another order than that of their times: what a busy observer
hears of in some seconds.
"""


def read_history(folder: Path) -> Iterator[Record]:
    """Every record in the files of a folder, by time. A last line that breaks off was never written.

    Raises ValueError for a line that holds no record.
    """
    files = (map(decode, read_lines(path)) for path in sorted(folder.glob("*.jsonl")))
    # Nearly in order: what is late in its file is so here.
    return in_order(heapq.merge(*files, key=_time))


def in_order(records: Iterable[Record]) -> Iterator[Record]:
    """Records of which none comes more than fifty thousand too late, sorted by time."""
    held: list[tuple[float, int, Record]] = []
    for number, record in enumerate(records):
        entry = (record.at_ms, number, record)
        if len(held) < _DISORDER:
            heapq.heappush(held, entry)
        else:
            yield heapq.heappushpop(held, entry)[2]
    while held:
        yield heapq.heappop(held)[2]


def read_lines(path: Path) -> Iterator[bytes]:
    """Every whole line of a file."""
    with path.open("rb") as lines:
        yield from (line for line in lines if line.endswith(b"\n"))


def _time(record: Record) -> float:
    return record.at_ms
