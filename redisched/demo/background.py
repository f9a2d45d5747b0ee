"""Background jobs: checksums of real files, each of a single file or of a whole folder tree."""

import hashlib
import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from redisched.demo.facts import Kind, recorded
from redisched.demo.ledger import keep
from redisched.demo.scheduler import WORK_QUEUE, app
from redisched.model import Priority

_FOREIGN = frozenset({"__pycache__", "site-packages", "dist-packages"})
"""Folders inside the standard library's folder whose content is not part of it."""


@app.task(name="demo.checksum", queue=WORK_QUEUE, priority=Priority.LOW)
def checksum(path: str) -> str:
    """The SHA-256, in hexadecimal, of a file or of all files below a folder in order."""
    with recorded(Kind.BACKGROUND):
        digest = hashlib.sha256()
        size = 0
        for file in _files(Path(path)):
            content = file.read_bytes()
            digest.update(content)
            size += len(content)
        keep(Kind.BACKGROUND, size)
        return digest.hexdigest()


def standard_library() -> Path:
    """The folder of Python's standard library, a large tree of files that every machine with Python has."""
    return Path(sysconfig.get_path("stdlib"))


def inputs(root: Path) -> list[Path]:
    """The files directly in a folder, in a fixed order."""
    return sorted(path for path in root.iterdir() if path.is_file() and path.suffix == ".py")


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _FOREIGN)
        yield from (file for name in sorted(files) if (file := Path(folder, name)).is_file())
