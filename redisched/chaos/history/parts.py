"""Splits a long history by task into parts, so that a history of any length can be checked in the same memory.

This is possible because most guarantees concern a single task: to check one task, the records of others are not needed.
"""

import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from redisched.chaos.history.reading import read_lines
from redisched.chaos.history.record import Record, decode

PART_BYTES = 16 * 1024 * 1024
"""The records of a part have about this size as text. As objects, with the checker's data, they need 30 times that."""
_TASK = re.compile(rb'"task":"((?:[^"\\]|\\.)*)"')


def read_in_parts(folder: Path, part_bytes: int = PART_BYTES) -> Iterator[list[Record]]:
    """Yield the records in the files of a folder in parts, each sorted by time. A part has all records of its tasks.

    Records that concern no task are in every part. Temporary files need as much disk space as the history.
    """
    files = sorted(folder.glob("*.jsonl"))
    count = 1 + sum(path.stat().st_size for path in files) // part_bytes
    with tempfile.TemporaryDirectory(prefix="redisched-history-") as name:
        parts = [Path(name, str(number)) for number in range(count)]
        _split(files, parts)
        for part in parts:
            with part.open("rb") as lines:
                records = [decode(line) for line in lines]
            part.unlink()
            records.sort(key=lambda record: record.at_ms)
            yield records


def _split(files: list[Path], parts: list[Path]) -> None:
    with ExitStack() as stack:
        writers = [stack.enter_context(part.open("wb")) for part in parts]
        for path in files:
            for line in read_lines(path):
                task = _TASK.search(line)
                chosen = writers if task is None else [writers[zlib.crc32(task[1]) % len(writers)]]
                for writer in chosen:
                    writer.write(line)
