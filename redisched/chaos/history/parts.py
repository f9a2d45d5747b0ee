"""Reads a long history some of its tasks at a time, so that a history of any length is checked in the same memory.

Nearly everything that is promised is promised to each task by itself: what happened to others need not be remembered
meanwhile.
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
"""The records of a part are about so much text, and thirty times that as objects, with what is concluded from them."""
_TASK = re.compile(rb'"task":"((?:[^"\\]|\\.)*)"')


def read_in_parts(folder: Path, part_bytes: int = PART_BYTES) -> Iterator[list[Record]]:
    """Every record in the files of a folder, in parts: all of a task stand in one of them, in the order of time.

    Records that are not about a task are in every part. Needs as much space on disk as the history takes.
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
