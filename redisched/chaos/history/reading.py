"""Reads the files of a history as one stream, in the order of time."""

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path

from redisched.chaos.history.record import Record, decode

_DISORDER = 50_000
"""A record may stand this many records too late in its file, because the threads of a process do not write in the order
of time. A busy observer writes about this many records in some seconds.
"""


def read_history(folder: Path) -> Iterator[Record]:
    """Yield every record in the files of a folder, sorted by time. An incomplete last line is ignored.

    Raises ValueError for a line that is not a record.
    """
    files = (map(decode, read_lines(path)) for path in sorted(folder.glob("*.jsonl")))
    # The merge is nearly sorted: a record that is late in its file is also late here.
    return in_order(heapq.merge(*files, key=_time))


def in_order(records: Iterable[Record]) -> Iterator[Record]:
    """Yield records sorted by time. None of them may come more than 50,000 records too late."""
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
    """Yield every complete line of a file."""
    with path.open("rb") as lines:
        yield from (line for line in lines if line.endswith(b"\n"))


def _time(record: Record) -> float:
    return record.at_ms
