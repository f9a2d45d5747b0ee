"""Finds the files to which the project's rules apply."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"

_FOLDERS = ("redisched", "worker", "scripts", "tests", "docs")


def files(suffix: str) -> Iterator[Path]:
    """Every file of the project with this suffix, in a fixed order."""
    for folder in _FOLDERS:
        yield from sorted((ROOT / folder).rglob(f"*{suffix}"))


def name_of(path: Path) -> str:
    """The path from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()
